"""`swf-console agent-manager` as a process on a real broker: asked by operations and by a stranger."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from swf_console.backend.core.errors import Refused
from swf_console.backend.core.settings import Settings, load_settings
from swf_console.backend.database import Database, agents, open_database
from swf_console.backend.database.records.agents import AgentFilter
from swf_console.backend.services.agent_manager import client as manager_client
from swf_console.backend.services.home import write_home
from swf_console.backend.services.journal import Journal
from tests.support.activemq import ActiveMQ
from tests.support.homes import plain_environment, run
from tests.support.stomp_socket import StompSocket
from tests.support.waiting import wait_for

PROGRAMS = Path(sys.executable).parent
PATH = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
CONFIGURATION = """
[workflow]
name = "stf_datataking"
version = "1.0"
description = "for the data agent"
includes = ["daq_state_machine.toml"]

[stf_processing]
stf_count = 5

[agents.data]
enabled = true
script = "agents/example_data_agent.py"
"""


class Manager:
    """A home of alice with her agent manager; on the embedded broker, or on that of `more`."""

    def __init__(self, home: Path, **more: str) -> None:
        write_home(home)
        testbed = home / "workflows/testbed.toml"
        testbed.write_text(testbed.read_text().replace("your-namespace", "torre1"))
        (home / "workflows/one_agent_default.toml").write_text(CONFIGURATION)
        self.home = home
        self.environment = plain_environment(PATH=PATH, USER="alice", **more)
        self.settings: Settings = load_settings(self.environment, home=home)
        self.database: Database = open_database(self.settings.database_url)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [sys.executable, "-m", "swf_console", "--home", str(self.home), "agent-manager"]
        with (self.home / "manager.out").open("ab") as out:
            self.process = subprocess.Popen(
                words, cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        wait_for(lambda: self.heartbeat()["operational_state"] == "READY", 40, every=0.1)

    def end(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def heartbeat(self) -> dict[str, Any]:
        with self.database.read() as connection:
            found = agents.page(connection, AgentFilter(agent_type="agent_manager")).items
        if not found:
            return {"operational_state": None}
        (only,) = found
        told = only.metadata or {}
        return {"operational_state": only.operational_state, "status": only.status, "pid": only.pid, **told}

    def close(self) -> None:
        if (self.home / ".state/supervisor.sock").exists():
            words = [str(PROGRAMS / "supervisorctl"), "-c", "agents.supervisord.conf", "shutdown"]
            run(words, cwd=self.home, environment=self.environment)
            wait_for(lambda: not (self.home / ".state/supervisor.sock").exists(), timeout=30)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.database.close()


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "home")
    yield made
    made.close()


def test_agent_manager_starts_reports_and_stops_the_testbed(alice: Manager) -> None:
    look = manager_client.check_manager(alice.settings, alice.database, "alice")
    assert (look.alive, look.control_queue) == (False, "/queue/agent_control.alice")
    alice.start()
    assert manager_client.check_manager(alice.settings, alice.database, "alice").alive
    told = manager_client.start_user_testbed(alice.settings, alice.database, "alice", "one_agent_default")
    assert (told["accepted"], told["by"], told["username"]) == (True, "agent manager", "alice")
    assert {line["name"] for line in told["agents"]} == {"workflow-runner", "example-data-agent"}
    with pytest.raises(Refused, match="nowhere"):
        manager_client.start_user_testbed(alice.settings, alice.database, "alice", "nowhere")

    told = manager_client.request_manager(alice.settings, "alice", "status", timeout=10)
    assert told["agents_running"] is True
    assert "workflow-runner STOPPED" not in told["supervisord_status"]
    assert manager_client.stop_user_testbed(alice.settings, alice.database, "alice")["accepted"]
    assert not manager_client.testbed_status(alice.settings, alice.database, "alice").agents_running
    entries = Journal(alice.settings.state_dir).entries()
    assert [(one.what, one.ok) for one in entries] == [
        ("stop_testbed", True),
        ("start_testbed nowhere", False),
        ("start_testbed one_agent_default", True),
    ]

    assert alice.end() == 0
    beat = alice.heartbeat()
    assert (beat["operational_state"], beat["status"], beat["mq_connected"]) == ("EXITED", "EXITED", False)
    assert not manager_client.check_manager(alice.settings, alice.database, "alice").alive


def test_agent_manager_answers_only_to_the_requesters_destination(alice: Manager) -> None:
    alice.start()
    told = json.loads((alice.home / ".state/broker.json").read_text())
    with StompSocket(told["host"], told["port"]) as broker:
        broker.connect(told["user"], told["password"])
        answer = answers_to(broker, "/queue/agent_control.reply.mallory")
        assert (answer["status"], answer["username"]) == ("alive", "alice")


def test_agent_manager_second_of_one_user_is_refused(alice: Manager) -> None:
    alice.start()
    words = [str(PROGRAMS / "swf-console"), "--home", str(alice.home), "agent-manager"]
    done = run(words, cwd=alice.home, environment=alice.environment)
    assert done.returncode == 5
    assert "is already running" in done.stderr
    assert alice.end() == 0


@pytest.mark.activemq
def test_agent_manager_on_activemq_serves_and_reports_the_broker(
    tmp_path: Path, private_activemq: ActiveMQ
) -> None:
    alice = Manager(tmp_path / "home", **private_activemq.environment())
    try:
        alice.start()
        told = manager_client.start_user_testbed(alice.settings, alice.database, "alice", "one_agent_default")
        assert {line["name"] for line in told["agents"]} == {"workflow-runner", "example-data-agent"}
        with private_activemq_client(private_activemq) as stranger:
            assert answers_to(stranger, "/queue/agent_control.reply.mallory")["status"] == "alive"
        assert manager_client.stop_user_testbed(alice.settings, alice.database, "alice")["accepted"]

        private_activemq.stop()
        wait_for(lambda: alice.heartbeat()["status"] == "WARNING", 40, every=0.1)
        beat = alice.heartbeat()
        assert (beat["mq_connected"], beat["mq_subscribed"]) == (False, False)
        assert (beat["operational_state"], bool(beat["mq_error"])) == ("STARTING", True)
        assert manager_client.check_manager(alice.settings, alice.database, "alice").alive is False
        private_activemq.start()
        wait_for(lambda: alice.heartbeat()["operational_state"] == "READY", 40, every=0.1)
        assert manager_client.check_manager(alice.settings, alice.database, "alice").alive
        assert alice.end() == 0
        assert "Traceback" not in (alice.home / "manager.out").read_text()
    finally:
        alice.close()


def private_activemq_client(broker: ActiveMQ) -> StompSocket:
    client = StompSocket(broker.host, broker.port)
    client.connect(broker.user, broker.password)
    return client


def answers_to(stranger: StompSocket, mine: str) -> dict[str, Any]:
    """The only answer to pings that name others' destinations too; it comes to the stranger's own."""
    others = "/queue/workflow_control"
    assert stranger.subscribe(mine, "1").command == "RECEIPT"
    assert stranger.subscribe(others, "2").command == "RECEIPT"
    for reply_to in (others, "/queue/agent_control.reply.victim", mine):
        body = {"command": "ping", "source": "mallory", "reply_to": reply_to}
        stranger.send("/queue/agent_control.alice", json.dumps(body))
    frame = stranger.message(20)
    assert frame.headers["destination"] == mine
    answer: dict[str, Any] = json.loads(frame.body)
    return answer


def test_agent_manager_program_outlives_the_stopped_testbed(alice: Manager) -> None:
    words = [str(PROGRAMS / "swf-console"), "--home", str(alice.home), "agents", "start", "agent-manager"]
    done = run(words, cwd=alice.home, environment=alice.environment)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: alice.heartbeat()["operational_state"] == "READY", 40, every=0.1)
    assert manager_client.start_user_testbed(alice.settings, alice.database, "alice", "one_agent_default")
    assert manager_client.stop_user_testbed(alice.settings, alice.database, "alice")["accepted"]
    assert manager_client.check_manager(alice.settings, alice.database, "alice").alive
