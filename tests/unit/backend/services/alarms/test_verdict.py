"""The verdict: what needs a human most, and what keeps an execution from running."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from swf_console.backend.database.records.workflows import ExecutionSummary
from swf_console.backend.services.agents.snapshot import AgentsSnapshot, AgentStatus, AgentView
from swf_console.backend.services.alarms.verdict import Change, Verdict, VerdictInput, verdict
from swf_console.backend.services.executions.progress import ExecutionProgress
from swf_console.backend.services.health.connection import ConnectionStatus, Connectivity

NOW = datetime.now(UTC)
BLANK = AgentView("data", "data", "STOPPED", None, None, None, None, None, None, None)
CALM = VerdictInput(
    agents=AgentsSnapshot((), "running"),
    broker=ConnectionStatus("broker", Connectivity.UP),
    database=ConnectionStatus("db", Connectivity.UP),
    namespace="demo",
)
NO_BROKER = ConnectionStatus("broker", Connectivity.DOWN, error="gone", advice="Start it")
NO_DATABASE = ConnectionStatus("db", Connectivity.DOWN, error="gone")


def agents(*views: AgentView, supervisor: str = "running", trouble: str = "", **more: Any) -> AgentsSnapshot:
    return AgentsSnapshot(tuple(map(AgentStatus, views)), supervisor, trouble, **more)


def agent(name: str, state: str, silent: float = 3.0, note: str = "") -> AgentView:
    return replace(BLANK, name=name, program=name, state=state, heartbeat_seconds=silent, note=note)


def running(name: str, *, lost: bool = False, here: bool = False) -> ExecutionProgress:
    summary = ExecutionSummary(
        execution_id=name,
        workflow_definition_id=1,
        workflow_name="flow",
        version="1",
        namespace="demo",
        status="running",
        start_time=NOW,
        end_time=None,
        executed_by="alice",
        error_message=None,
        owner=None,
        lease_expires_at=None,
        stop_requested_at=None,
    )
    return ExecutionProgress(summary, 1.0, 7, 10, False, (), (("stf_gen", 4),), here, lost)


def found(**facts: Any) -> Verdict:
    return verdict(replace(CALM, **facts))


def test_verdict_no_problem_shows_running_or_idle() -> None:
    assert found() == ("ok", "Idle, all OK. Press R to run a workflow", "", 0, "ready to run")
    busy = found(running=[running("a")])
    assert (busy.color, busy.text) == ("busy", "All OK: 1 execution running, 4 of 10 STFs")
    missing = found(agents=agents(configuration="fast", missing=("x", "y")))
    assert missing.text == "Idle. 2 agents that fast needs are not running. A starts them"


def test_verdict_unreachable_backend_first() -> None:
    both = found(broker=NO_BROKER, database=NO_DATABASE, namespace=None)
    assert both.text == "Broker and database are not reachable. The doctor shows what to do"
    assert (both.exit_code, both.readiness) == (
        3,
        "not ready: the broker is not reachable: gone. Start it",
    )
    assert found(broker=NO_BROKER).text.startswith("The broker is not reachable: no messages are")


def test_verdict_unusable_database_differs_from_unreachable() -> None:
    away, unusable = (
        found(database=NO_DATABASE),
        found(database=NO_DATABASE._replace(state=Connectivity.UNUSABLE)),
    )
    assert away.text.startswith("The database is not reachable: running executions are unknown")
    assert unusable.text.startswith("The database is not usable: running executions are unknown")
    assert unusable.readiness == "not ready: the database is not usable: gone"


def test_verdict_no_namespace_not_ready() -> None:
    none = found(namespace=None, namespace_trouble="it is empty. Set it")
    assert (none.color, none.screen, none.exit_code) == ("watch", "namespaces", 2)
    assert none.readiness == "not ready: no namespace is set: it is empty. Set it"


@pytest.mark.parametrize("state", ["frozen", "unknown", "deaf"])
def test_verdict_broken_supervisord_without_reason(state: str) -> None:
    mute = found(agents=agents(supervisor=state))
    assert (mute.color, mute.text, mute.exit_code) == ("bad", f"supervisord is {state}", 3)
    assert found(agents=agents(supervisor="absent")).exit_code == 0


@pytest.mark.parametrize("state", ["FATAL", "BACKOFF", "UNKNOWN"])
def test_verdict_backoff_agent_counts_as_failed(state: str) -> None:
    failed = found(agents=agents(agent("data", state, note="it gave up")))
    assert (failed.color, failed.text) == ("bad", "data failed: see the log")
    assert failed.exit_code == 3
    assert failed.readiness == "not ready: data: it gave up. Then: swf-console agents restart data"


def test_verdict_failed_before_silent_others_counted() -> None:
    views = (agent("a", "RUNNING", 91), agent("b", "FATAL"), agent("c", "RUNNING", 91))
    both = found(agents=agents(*views))
    assert both.text == "b failed: see the log"
    assert both.readiness == "not ready: b (and 2 more). Then: swf-console agents restart b"
    silent = found(agents=agents(views[0], views[2]))
    assert silent.text == "a, c are running but have sent no heartbeat for 91s. Restart them"


def test_verdict_monitor_failed_does_not_prevent_a_run() -> None:
    monitor = found(agents=agents(agent("monitor", "FATAL")))
    assert (monitor.color, monitor.text) == ("bad", "monitor failed: see the log")
    assert (monitor.exit_code, monitor.readiness) == (0, "ready to run")
    with_another = found(agents=agents(agent("monitor", "FATAL"), agent("data", "RUNNING", 91)))
    assert with_another.text == "monitor failed: see the log"
    assert with_another.readiness == "not ready: data. Then: swf-console agents restart data"


def test_verdict_lost_and_failed_executions_do_not_prevent_a_run() -> None:
    lost = found(running=[running("a", lost=True)])
    assert (lost.text, lost.exit_code) == ("a is lost: its process stopped responding", 0)
    failure = Change(datetime.now(UTC), "bad", "b failed: it broke", "b")
    assert found(changes=[failure]).text.startswith("b failed: it broke, 0s ago")
    assert found(changes=[failure], running=[running("a")]).color == "busy"


def test_verdict_running_execution_lacks_agents_local_needs_no_runner() -> None:
    lacking = agents(missing=("workflow-runner",), configuration="fast")
    assert "workflow-runner needed" in found(agents=lacking, running=[running("a")]).text
    assert found(agents=lacking, running=[running("a", here=True)]).color == "busy"
