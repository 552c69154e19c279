"""The database file of a running testbed is moved away: every program reports it and continues later."""

import pytest

from ..support.processes.testbed import Testbed
from ..support.waiting import wait_for

RUNNING = "SELECT status FROM swf_workflow_executions WHERE status = 'running'"
ENDED = "SELECT status FROM swf_workflow_executions WHERE status <> 'running'"
LOGS = ("example_data_agent.log", "workflow-runner.log")


@pytest.mark.timeout(300)
def test_database_moved_under_running_testbed_is_reported(testbed: Testbed) -> None:
    testbed.type("testbed", "run", "stf_datataking", "--realtime", "--stf-count", "3")
    testbed.wait_rows(RUNNING)
    database = testbed.home / ".state/swf.db"
    away = database.rename(testbed.home / "away.db")
    before = away.read_bytes()
    status = testbed.status()
    assert status["exit_code"] == 3
    assert "the file is missing while" in status["verdict"]
    for name in LOGS:
        log = testbed.home / ".state/logs" / name
        wait_for(lambda log=log: "the database file was moved or deleted" in log.read_text(), 60)  # type: ignore[misc]
    assert not database.exists()
    assert away.read_bytes() == before
    away.rename(database)
    # completed, or failed where its lease expired while the database was away
    assert len(testbed.wait_rows(ENDED, timeout=120)) == 1
    wait_for(lambda: testbed.status()["exit_code"] == 0, 60)
