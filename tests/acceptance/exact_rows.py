"""Checks of the rows that every fast-processing run must leave, in either database."""

from ..support.processes.testbed import Testbed

HALF = ("--no-realtime", "--set", "fast_processing.stf_sampling_rate=0.5")
SAMPLES, SLICES, WORKERS = 5, 75, 30
STATES = ["run_imminent", "start_run", "end_run"]
OVER = (
    "SELECT s.* FROM swf_run_state s JOIN swf_runs r USING (run_number)"
    " WHERE phase = 'completed' AND active_worker_count = 0 AND r.end_time IS NOT NULL"
)
COUNTED = (
    "SELECT run_number, count(DISTINCT fastmon_file_id) AS stf_samples_received, count(*) AS slices_created,"
    " count(*) FILTER (WHERE status = 'queued') AS slices_queued,"
    " count(*) FILTER (WHERE status = 'processing') AS slices_processing,"
    " count(*) FILTER (WHERE status = 'completed') AS slices_completed,"
    " count(*) FILTER (WHERE status = 'failed') AS slices_failed"
    " FROM swf_tf_slices GROUP BY run_number"
)
WORKER_POOLS = (
    "SELECT w.run_number, count(*) AS workers, sum(w.slices_completed) AS slices, count(w.ended_at) AS ended,"
    " (SELECT count(*) FROM swf_tf_slices t WHERE t.run_number = w.run_number AND t.assigned_worker IN"
    " (SELECT worker_id FROM swf_workers v WHERE v.run_number = w.run_number)) AS accounted"
    " FROM swf_workers w GROUP BY w.run_number"
)
EVENTS = "SELECT event_type, state FROM swf_system_state_events"


def run_exactly(testbed: Testbed, times: int) -> None:
    """Run ten STFs, half of them sampled, `times` times in a row; each run ends before the next starts."""
    for number in range(1, times + 1):
        said = testbed.type("testbed", "run", "fast_processing", *HALF)
        assert said.startswith("stf_datataking-")
        testbed.wait_rows(OVER, number)
    assert_exact(testbed, times)


def assert_exact(testbed: Testbed, runs: int) -> None:
    """Counters equal the rows, every worker is accounted for, every state event is recorded."""
    states = {row["run_number"]: row for row in testbed.rows(OVER)}
    counted, pools = testbed.rows(COUNTED), testbed.rows(WORKER_POOLS)
    assert len(states) == len(counted) == len(pools) == runs
    for row in counted:
        assert {name: states[row["run_number"]][name] for name in row} == row
        assert (row["stf_samples_received"], row["slices_completed"]) == (SAMPLES, SLICES)
    for row in pools:
        accounted = (row["workers"], row["ended"], row["slices"], row["accounted"])
        assert accounted == (WORKERS, WORKERS, SLICES, SLICES)
    for run_number in states:
        events = testbed.rows(f"{EVENTS} WHERE run_number = {run_number} ORDER BY event_id")
        assert [row["event_type"] for row in events if row["event_type"] in STATES] == STATES
        assert len(events) == 6  # eight states, two of them left when the run has its number
