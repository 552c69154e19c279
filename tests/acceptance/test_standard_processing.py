"""`testbed run stf_processing`: ten runs in a row leave exact rows."""

from ..support.processes.testbed import Testbed

STFS = 15  # a physics period of 30 s at one STF every 2 s
DONE = (
    "SELECT r.run_number, count(*) AS stfs FROM swf_runs r JOIN swf_stf_files f USING (run_id)"
    " JOIN swf_stf_workflows w ON w.filename = f.stf_filename WHERE f.status = 'processed'"
    " AND w.current_status = 'processing_complete' AND w.completed_at IS NOT NULL AND r.end_time IS NOT NULL"
    f" GROUP BY r.run_number HAVING count(*) = {STFS}"
)
STAGES = (
    "SELECT agent_type, status, count(*) AS stages FROM swf_agent_workflow_stages GROUP BY agent_type, status"
    " ORDER BY agent_type"
)
SENT = "SELECT message_type, count(*) AS count FROM swf_workflow_messages GROUP BY message_type"


def test_standard_processing_ten_runs_leave_exact_rows(testbed: Testbed) -> None:
    for number in range(1, 11):
        testbed.type("testbed", "run", "stf_processing", "--no-realtime")
        testbed.wait_rows(DONE, number)
    assert {row["stfs"] for row in testbed.rows(DONE)} == {STFS}
    assert testbed.rows(STAGES) == [
        {"agent_type": "data", "status": "data_complete", "stages": 10 * STFS},
        {"agent_type": "processing", "status": "processing_complete", "stages": 10 * STFS},
    ]
    sent = {row["message_type"]: row["count"] for row in testbed.rows(SENT)}
    assert {sent[name] for name in ("stf_gen", "stf_ready", "processing_complete")} == {10 * STFS}
    assert (sent["run_imminent"], sent["end_run"]) == (10, 10)
    assert testbed.rows("SELECT * FROM swf_tf_slices") == []
    assert testbed.running() >= {"workflow-runner", "example-data-agent", "example-processing-agent"}
