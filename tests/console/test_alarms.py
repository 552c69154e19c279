"""Alarms are found while their screen is closed."""

from datetime import UTC, datetime

from swf_console.backend.database import executions
from swf_console.backend.services.executions.request import RunRequest
from swf_console.backend.supervisor.base import Explanation
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.alarms import AlarmMonitor
from swf_console.viewmodels.context import ConsoleContext
from tests.support.history import add_execution
from tests.support.waiting import wait_for


def test_alarms_failed_agent_is_reported_once_and_when_over(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    monitor = AlarmMonitor(context)
    supervisor.broken["slice-worker"] = Explanation("exit 1 three times")
    supervisor.start(["slice-worker"])
    monitor.check()
    monitor.check()
    (found,) = monitor.take()
    assert found.text == "slice-worker FATAL: exit 1 three times"
    assert (found.screen, found.where, found.bad) == ("agents", {"agent": "slice-worker"}, True)
    supervisor.broken.clear()
    supervisor.start(["slice-worker"])
    monitor.check()
    (over,) = monitor.take()
    assert (over.key, over.over) == (found.key, True)


def test_alarms_newly_failed_execution_is_reported_once(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    add_execution(context.database(), 1, status="failed", error="long ago")
    identity = add_execution(context.database(), 2, status="running")
    monitor = AlarmMonitor(context)
    monitor.check()
    assert not monitor.take()
    with context.database().write() as connection:
        executions.finish(
            connection, identity, status="failed", end_time=datetime.now(UTC), error_message="it broke"
        )
    monitor.check()
    monitor.check()
    (found,) = monitor.take()
    assert found.text == f"{identity} failed: it broke"
    assert found.where == {"execution": identity}


def test_alarms_local_run_ended_is_reported(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    monitor = AlarmMonitor(context)
    request = RunRequest(configuration="stf_datataking_default", namespace="demo", realtime=False)
    identity = context.local_executions.start(request.with_override("stf_processing.stf_count", "2"))
    wait_for(lambda: not context.local_executions.live())
    monitor.check()
    (found,) = monitor.take()
    assert (found.text, found.alarm) == (f"{identity} completed", False)


def test_alarms_closed_during_check_ends(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    monitor = AlarmMonitor(context)
    monitor.start()
    monitor.close()
    assert not monitor.take()
