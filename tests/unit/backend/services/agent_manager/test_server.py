"""The agent manager on a broker in memory: what it takes, whom it answers, what it says of itself."""

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from swf_console.backend.core.errors import Refused
from swf_console.backend.database import Database, agents
from swf_console.backend.database.records.agents import Agent, AgentFilter
from swf_console.backend.messaging.message import read
from swf_console.backend.services.agent_manager.protocol import read_command
from swf_console.backend.services.agent_manager.server import AgentManager
from swf_console.backend.services.agents.control import ProcessReport
from swf_console.backend.services.agents.snapshot import SupervisorSnapshot
from swf_console.backend.services.journal import Journal
from swf_console.backend.supervisor.base import ProcessState, ProcessStatus
from swf_console.testing.memory_broker import MemoryBroker, Stored, stranger
from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

QUEUE = "/queue/agent_control.shifter"
MINE = "/topic/agent_control.replies.tester"


class NamedTestbed:
    """A testbed by name only; while `free` is clear, work does not end."""

    __test__ = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.running = False
        self.free = threading.Event()
        self.free.set()

    def start(self, config_name: str | None) -> Sequence[ProcessReport]:
        return self._did(f"start {config_name}", running=True)

    def stop(self) -> Sequence[ProcessReport]:
        return self._did("stop", running=False)

    def restart(self, config_name: str | None) -> Sequence[ProcessReport]:
        return self._did(f"restart {config_name}", running=True)

    def probe(self) -> SupervisorSnapshot:
        process = ProcessStatus("data", "data", ProcessState.RUNNING, 77)
        return SupervisorSnapshot("running", pid=7, processes=(process,) if self.running else ())

    def _did(self, what: str, *, running: bool) -> Sequence[ProcessReport]:
        self.asked.append(what)
        assert self.free.wait(10)
        if what == "start broken":
            raise Refused("it is broken")
        self.running = running
        return [ProcessReport("data", 77, "started")]


class Desk:
    """A manager at work, and somebody who sends to it."""

    def __init__(self, console: CommandLine) -> None:
        self.broker = MemoryBroker()
        self.testbed = NamedTestbed()
        self.manager = AgentManager(console.settings, link=self.broker.connect(), testbed=self.testbed)
        self._thread = threading.Thread(target=self.manager.serve, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self.manager.ready.wait(10)

    def end(self) -> None:
        self.testbed.free.set()
        self.manager.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def send(self, **content: Any) -> None:
        body = {"source": "tester", "timestamp": datetime.now(UTC).isoformat(), **content}
        self.broker.inject(stranger(QUEUE, json.dumps(body)))

    def answers(self, destination: str = MINE) -> list[dict[str, Any]]:
        return [json.loads(one.body) for one in self.sent() if one.destination == destination]

    def sent(self) -> list[Stored]:
        return [one for one in self.broker.accepted if one.destination != QUEUE]

    def answer(self) -> dict[str, Any]:
        wait_for(self.answers)
        (only,) = self.answers()
        return only


@pytest.fixture
def desk(console: CommandLine) -> Iterator[Desk]:
    console.name_namespace("torre1")
    made = Desk(console)
    made.start()
    yield made
    made.end()


def heartbeat(home_database: Database) -> Agent | None:
    with home_database.read() as connection:
        found = agents.page(connection, AgentFilter(agent_type="agent_manager")).items
    return found[0] if found else None


def test_agent_manager_ping_is_answered(desk: Desk) -> None:
    desk.send(command="ping", reply_to=MINE, correlation_id="c1")
    told = desk.answer()
    assert (told["status"], told["username"], told["correlation_id"]) == ("alive", "shifter", "c1")
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None


def test_agent_manager_status_reports_agents_and_supervisord(desk: Desk) -> None:
    desk.testbed.running = True
    desk.send(command="status", reply_to=MINE)
    told = desk.answer()
    assert told["agents_running"] is True
    assert "data RUNNING pid 77" in told["supervisord_status"]


def test_agent_manager_start_and_stop_are_in_the_journal(desk: Desk, console: CommandLine) -> None:
    desk.send(command="start_testbed", config_name="fast_processing_default", reply_to=MINE)
    wait_for(lambda: len(desk.answers()) == 1)
    desk.send(command="stop_testbed", reply_to=MINE)
    wait_for(lambda: len(desk.answers()) == 2)
    assert desk.testbed.asked == ["start fast_processing_default", "stop"]
    assert [one["accepted"] for one in desk.answers()] == [True, True]
    entries = Journal(console.settings.state_dir).entries()
    assert [one.what for one in entries] == ["stop_testbed", "start_testbed fast_processing_default"]
    assert {one.who for one in entries} == {"tester (agent manager)"}


def test_agent_manager_failed_command_is_answered_with_the_reason(desk: Desk) -> None:
    desk.send(command="start_testbed", config_name="broken", reply_to=MINE)
    told = desk.answer()
    assert told["accepted"] is False
    assert "it is broken" in told["reason"]


def test_agent_manager_queries_are_answered_during_a_command(desk: Desk, home_database: Database) -> None:
    desk.testbed.free.clear()
    desk.send(command="restart", reply_to=MINE)
    wait_for(lambda: desk.testbed.asked)
    desk.send(command="ping", reply_to=MINE)
    assert desk.answer()["status"] == "alive"

    def state() -> str | None:
        beat = heartbeat(home_database)
        return beat.operational_state if beat else None

    wait_for(lambda: state() == "PROCESSING")
    desk.testbed.free.set()
    wait_for(lambda: len(desk.answers()) == 2)
    wait_for(lambda: state() == "READY")


@pytest.mark.parametrize(
    "content",
    [
        {"command": "format_disk", "reply_to": MINE},
        {"command": ["ping"], "reply_to": MINE},
        {"command": "ping", "reply_to": "/queue/workflow_control"},
        {"command": "ping", "reply_to": "/topic/agent_control.replies.somebody"},
        {"command": "ping", "reply_to": f"{MINE}else"},
        {"command": "ping", "reply_to": 5},
        {"command": "ping", "reply_to": "/topic/epictopic"},
        {"command": "ping", "reply_to": "/topic/agent_control.replies.", "source": ""},
        {"command": "stop_testbed", "reply_to": "/queue/agent_control.other"},
        {"command": "start_testbed", "config_name": "../../etc/passwd", "reply_to": MINE},
        {"command": "start_testbed", "config_name": {"a": 1}, "reply_to": MINE},
        {"command": "stop_testbed", "timestamp": "2001-01-01T00:00:00+00:00", "reply_to": MINE},
        {},
    ],
)
def test_agent_manager_invalid_command_is_neither_run_nor_answered(
    desk: Desk, content: dict[str, Any]
) -> None:
    desk.send(**content)
    desk.broker.inject(stranger(QUEUE, "no JSON"))
    desk.broker.inject(stranger(QUEUE, "[1]"))
    desk.send(command="ping", reply_to=f"{MINE}.last")
    wait_for(lambda: desk.answers(f"{MINE}.last"))
    assert len(desk.sent()) == 1
    assert desk.testbed.asked == []


def test_agent_manager_full_queue_refuses_commands(desk: Desk) -> None:
    desk.testbed.free.clear()
    desk.send(command="stop_testbed")
    wait_for(lambda: desk.testbed.asked)
    for _ in range(11):
        desk.send(command="stop_testbed", reply_to=MINE)
    assert "commands are waiting" in desk.answer()["reason"]


def test_agent_manager_heartbeat_shows_the_broker_state(desk: Desk, home_database: Database) -> None:
    def told() -> tuple[str, bool] | None:
        beat = heartbeat(home_database)
        return (beat.status, (beat.metadata or {})["mq_connected"]) if beat else None

    wait_for(lambda: told() == ("OK", True))
    desk.broker.stop()
    wait_for(lambda: told() == ("WARNING", False))
    desk.broker.start()
    wait_for(lambda: told() == ("OK", True))
    desk.end()
    beat = heartbeat(home_database)
    assert beat is not None
    assert (beat.status, beat.operational_state, told()) == ("EXITED", "EXITED", ("EXITED", False))
    assert beat.instance_name == "agent_manager-agent-shifter-1"
    assert (beat.namespace, (beat.metadata or {})["control_queue"]) == ("torre1", QUEUE)


def test_agent_manager_is_one_per_user_and_keeps_its_name(desk: Desk, console: CommandLine) -> None:
    second = AgentManager(console.settings, link=desk.broker.connect(), testbed=NamedTestbed())
    with pytest.raises(Refused, match="is already running"):
        second.serve()
    name = desk.manager.name
    desk.end()
    third = Desk(console)
    third.start()
    assert third.manager.name == name
    third.end()


def test_agent_manager_command_without_source_is_run_and_not_answered(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.send(command="stop_testbed", reply_to=MINE, source="")
    wait_for(lambda: desk.testbed.asked == ["stop"])
    wait_for(lambda: "reply not sent: the command has no source" in caplog.text)
    assert desk.sent() == []


def test_read_command_stale_query_is_accepted_stale_command_refused() -> None:
    old = (datetime.now(UTC) - timedelta(hours=1)).isoformat()

    def command(name: str) -> str:
        body = json.dumps({"command": name, "timestamp": old, "source": "x"})
        return read_command(read({"destination": QUEUE}, body)).command

    assert command("ping") == "ping"
    with pytest.raises(Refused, match="minutes ago"):
        command("restart")
