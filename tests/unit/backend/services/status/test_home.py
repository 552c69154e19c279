"""What is up, what runs, and the verdict."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from swf_console.backend.database import Database, agents, executions
from swf_console.backend.database.records.agents import Heartbeat
from swf_console.backend.services.agents.snapshot import AgentView, SupervisorSnapshot
from swf_console.backend.services.agents.status import probe_supervisor
from swf_console.backend.services.health.broker import BrokerHealth
from swf_console.backend.services.health.connection import Connectivity
from swf_console.backend.services.health.database import DatabaseHealth
from swf_console.backend.services.health.namespace import NamespaceHealth
from swf_console.backend.services.status.home import current_status, verdict_of, with_lost_file
from swf_console.testing.fake_supervisor import MemorySupervisor
from tests.support.command_line import CommandLine
from tests.support.history import BEGAN, add_chain, add_execution, add_messages
from tests.support.monitor import Monitor

UP = BrokerHealth("stomp", Connectivity.UP)
THERE = DatabaseHealth("sqlite", Connectivity.UP)
NAMED = NamespaceHealth("demo")
ABSENT = SupervisorSnapshot("absent")
FROZEN = SupervisorSnapshot("frozen", "supervisord did not answer", "kill -CONT 7")
OLD = DatabaseHealth("sqlite", Connectivity.UNUSABLE, advice="Upgrade it: swf-console db upgrade")
OLD_SERVER = DatabaseHealth("postgresql", Connectivity.UNUSABLE, advice=OLD.advice)


@pytest.mark.parametrize(
    ("broker", "database", "namespace", "code", "said"),
    [
        (UP, THERE, NAMED, 0, "ready to run"),
        (
            BrokerHealth("embedded", Connectivity.IDLE),
            DatabaseHealth("sqlite", Connectivity.IDLE),
            NAMED,
            0,
            "ready to run",
        ),
        (UP, OLD, NAMED, 0, "ready to run"),
        (UP, OLD_SERVER, NAMED, 3, "db upgrade"),
        (
            BrokerHealth("stomp", Connectivity.DOWN, error="gone"),
            THERE,
            NAMED,
            3,
            "the broker is not reachable: gone",
        ),
        (
            UP,
            DatabaseHealth("postgresql", Connectivity.DOWN, error="gone"),
            NAMED,
            3,
            "the database is not reachable",
        ),
        (UP, THERE, NamespaceHealth(None, error="it is empty", advice="Set it"), 2, "it is empty. Set it"),
    ],
)
def test_verdict_says_what_to_do_first(
    broker: BrokerHealth, database: DatabaseHealth, namespace: NamespaceHealth, code: int, said: str
) -> None:
    found = verdict_of(broker, database, namespace, ABSENT, ())
    assert found.exit_code == code
    assert said in found.readiness


@pytest.mark.parametrize(
    ("supervisor", "agent", "said"),
    [
        (FROZEN, {}, "agents cannot be started: supervisord did not answer. kill -CONT 7"),
        (
            ABSENT,
            {"state": "FATAL", "note": "it gave up"},
            "data: it gave up. Then: swf-console agents",
        ),
        (ABSENT, {"state": "BACKOFF"}, "not ready: data. Then"),
        (ABSENT, {"state": "RUNNING", "silent": 91, "note": "silent 91 s"}, "not ready: data: silent 91 s"),
        (ABSENT, {"state": "RUNNING", "note": "1 messages in the dead-letter queue"}, "ready to run"),
        (ABSENT, {"state": "FATAL", "program": "monitor", "note": "it gave up"}, "ready to run"),
        (ABSENT, {"state": "RUNNING"}, "ready to run"),
        (ABSENT, {"state": None, "program": None, "note": "not under this supervisord"}, "ready to run"),
    ],
)
def test_verdict_failing_agent_first(
    supervisor: SupervisorSnapshot, agent: dict[str, Any], said: str
) -> None:
    found = verdict_of(UP, THERE, NAMED, supervisor, [view(**agent)])
    assert said in found.readiness
    assert found.exit_code == (0 if said == "ready to run" else 3)


def view(
    program: str | None = "data", state: str | None = "STOPPED", note: str = "", silent: float = 3
) -> AgentView:
    return AgentView("a", program, state, None, None, None, None, silent, None, None, note)


def test_status_dead_letters_of_agent_shown(console: CommandLine, home_database: Database) -> None:
    console.name_namespace("mine")
    told = {"dead_letters": 2, "last_failure": "RuntimeError: bad calibration"}
    beat = Heartbeat("data-1", "data", "WARNING", datetime.now(UTC), "READY", metadata=told)
    with home_database.write() as connection:
        agents.heartbeat(connection, beat)
    said = console("status").out
    assert "2 messages in the dead-letter queue: RuntimeError: bad calibration" in said
    assert "ready to run" in said


def test_status_fresh_home_needs_namespace_creates_nothing(console: CommandLine) -> None:
    said = console("status")
    assert said.code == 2
    assert "placeholder" in said.out
    assert not (console.settings.state_dir / "swf.db").exists()


def test_status_fresh_home_with_namespace_ready(console: CommandLine) -> None:
    console.name_namespace("mine")
    said = console("status")
    assert said.code == 0
    assert said.out.splitlines()[-1] == "ready to run"
    assert "the next run starts it" in said.out


def test_status_running_executions_and_agents_listed(console: CommandLine, home_database: Database) -> None:
    console.name_namespace("mine")
    add_execution(home_database, 1, status="running")
    add_execution(home_database, 2)
    with home_database.write() as connection:
        agents.heartbeat(connection, Heartbeat("data-1", "data", "OK", BEGAN, "PROCESSING"))
        agents.heartbeat(connection, Heartbeat("gone-1", "data", "OK", BEGAN, "EXITED"))
    document = console("status", "--json").document
    assert document["ready"] is True
    assert [each["status"] for each in document["database"]["running"]] == ["running"]
    assert [each["instance_name"] for each in document["database"]["agents"]] == ["data-1"]
    said = console("status")
    assert "Running: 1" in said.out
    assert "data-1" in said.out


def test_status_lost_execution_listed_not_closed(console: CommandLine, home_database: Database) -> None:
    console.name_namespace("mine")
    execution_id = add_execution(home_database, status="running", owner="dead", lease_expires_at=BEGAN)
    assert console("status", "--json").document["database"]["lost"] == [execution_id]
    assert "no process runs it any more" in console("status").out
    with home_database.read() as connection:
        stored = executions.get(connection, execution_id)
    assert stored is not None
    assert stored.status == "running"


def test_status_silent_backends_are_slow_not_down(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    monkeypatch.setenv("ACTIVEMQ_HOST", "127.0.0.1")
    monkeypatch.setenv("ACTIVEMQ_PORT", str(silent_port))
    monkeypatch.setenv("SWF_DATABASE_URL", f"postgresql://u:hunter2@127.0.0.1:{silent_port}/d")
    status = current_status(console.settings)
    assert status.seconds < 5
    assert (status.broker.health, status.database.health) == (Connectivity.SLOW, Connectivity.SLOW)
    assert (status.broker.error, status.database.error) == ("no answer yet (3 s)",) * 2
    assert (status.exit_code, "not ready" in status.verdict) == (4, False)


def test_status_invalid_database_url_without_password(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    for url in (f"postgresql://u:hunter2@127.0.0.1:{unused_port}/d", "mysql://u:hunter2@h/d", "hunter2"):
        monkeypatch.setenv("SWF_DATABASE_URL", url)
        said = console("status")
        assert said.code == 3
        assert "hunter2" not in said.out + said.err


def test_status_file_not_a_database_reported(console: CommandLine) -> None:
    (console.settings.state_dir / "swf.db").write_text("not a database, and long enough to be looked at" * 50)
    said = console("status")
    assert said.code == 3
    assert "not a SQLite database" in said.out


def test_status_metrics_equal_those_of_the_monitor(
    console: CommandLine, home_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = add_execution(home_database)
    add_chain(home_database)
    now = datetime.now(UTC)
    add_messages(home_database, execution_id, 3, began=now)
    add_messages(home_database, execution_id, 2, began=now - timedelta(seconds=9), delivered_at=now)
    with home_database.write() as connection:
        agents.heartbeat(connection, Heartbeat("data-agent-a-1", "data", "OK", now))
    told = console("status", "--json").document["figures"]
    text = Monitor(home_database).ask("GET", "/metrics").text
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name][",".join(sample.labels.values())] = sample.value
    for name, metric in (
        ("executions", "swf_executions"),
        ("slices", "swf_slices"),
        ("workers", "swf_workers"),
    ):
        assert told[name] == found[metric]
        assert told[name]
    assert {
        f"{str(one['delivered']).lower()},{one['message_type']}": one["count"] for one in told["messages"]
    } == found["swf_messages_recent"]
    assert told["outbox_depth"] == found["swf_outbox_depth"][""]
    assert told["publish_latency"]["count"] == found["swf_publish_latency_seconds_count"][""] > 0
    assert told["publish_latency"]["at_most"]["30.0"] == found["swf_publish_latency_seconds_bucket"]["30.0"]
    assert [(one["operational_state"], one["count"]) for one in told["agents"]] == [("READY", 1)]
    assert told["heartbeat_ages"].keys() == found["swf_agent_heartbeat_age_seconds"].keys()
    assert console("status", "--json").document["errors"] == {"broker": 0, "database": 0}


def test_status_missing_file_while_programs_run_is_not_ready(console: CommandLine) -> None:
    supervisor = MemorySupervisor(running=True)
    supervisor.start(["example-data-agent"])
    snapshot = probe_supervisor(console.settings, supervisor)
    assert any(one.pid for one in snapshot.processes)
    database = DatabaseHealth("sqlite", Connectivity.IDLE, "sqlite:////state/swf.db")
    lost = with_lost_file(database, snapshot)
    assert lost.health is Connectivity.UNUSABLE
    assert lost.error is not None
    assert "is missing while" in lost.error
    assert verdict_of(UP, lost, NAMED, snapshot, ()).exit_code == 3
    assert with_lost_file(database, ABSENT) is database
