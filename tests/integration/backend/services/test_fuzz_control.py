"""Anything at all on the control queues of a living runner and a living agent manager: both live on."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import func, select

from swf_console.backend.core.settings import load_settings
from swf_console.backend.database import Database, open_database
from swf_console.backend.database.tables import workflows
from swf_console.backend.services.home import write_home
from tests.support.fuzz import ANY_JSON, ODD_TEXT, SECONDS, fuzzing
from tests.support.homes import plain_environment
from tests.support.stomp_socket import StompSocket
from tests.support.waiting import wait_for

NAMESPACE = "fuzzed"
WORKFLOWS, MANAGER = "/queue/workflow_control", "/queue/agent_control.alice"
ANSWERS = "/queue/agent_control.reply.fuzzer"
EVERY = 500
NAMES = st.sampled_from(["nowhere", "../stf_datataking", "/etc/passwd", ""]) | ODD_TEXT
REPLIES = (
    st.sampled_from(
        ["/topic/anywhere", WORKFLOWS, MANAGER, ANSWERS, "/queue/agent_control.reply.victim", "x"]
    )
    | ODD_TEXT
)
HEADERS = st.dictionaries(
    st.sampled_from(["reply-to", "correlation-id", "namespace", "msg_type", "swf_message_id", "priority"]),
    st.sampled_from(["", "x", NAMESPACE, WORKFLOWS, "\u202e", "a" * 500]),
    max_size=2,
)


def mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value as it should be, and now and then any other."""
    return st.one_of(usual, usual, usual, ANY_JSON)


# no workflow of these names exists, so none of them may leave an execution
RUN = st.fixed_dictionaries(
    {
        "msg_type": st.just("run_workflow"),
        "namespace": mostly(st.just(NAMESPACE)),
        "workflow_name": NAMES | ANY_JSON,
    },
    optional={
        "config": mostly(st.none() | NAMES),
        "params": mostly(st.dictionaries(ODD_TEXT, ANY_JSON, max_size=3)),
        "realtime": ANY_JSON,
        "duration": ANY_JSON,
        "reply_to": REPLIES,
        "correlation_id": ANY_JSON,
        "timestamp": ANY_JSON,
    },
)
# this one exists, and never takes such parameters
REFUSED = st.fixed_dictionaries(
    {
        "msg_type": st.just("run_workflow"),
        "namespace": st.just(NAMESPACE),
        "workflow_name": st.just("stf_datataking"),
        "config": mostly(st.sampled_from([None, "fast_processing_default", "nowhere"])),
        "params": st.fixed_dictionaries(
            {"no_such_parameter": st.integers() | st.text(), "stf_count": ANY_JSON}
        ),
    },
    optional={"realtime": ANY_JSON, "duration": ANY_JSON, "reply_to": REPLIES},
)
STOP = st.fixed_dictionaries(
    {
        "msg_type": st.sampled_from(["stop_workflow", "status_request"]),
        "namespace": mostly(st.just(NAMESPACE)),
    },
    optional={
        "execution_id": ANY_JSON,
        "reply_to": REPLIES,
        "correlation_id": ANY_JSON,
        "run_id": ANY_JSON,
        "sender": ANY_JSON,
    },
)
MANAGE = st.fixed_dictionaries(
    {"command": mostly(st.sampled_from(["start_testbed", "stop_testbed", "restart", "status", "ping"]))},
    optional={
        "config_name": NAMES | ANY_JSON,
        "source": mostly(st.sampled_from(["fuzzer", "alice", "x.y"])),
        "reply_to": REPLIES,
        "correlation_id": ANY_JSON,
        "timestamp": ANY_JSON,
    },
)
DOCUMENT = st.one_of(RUN, REFUSED, STOP, MANAGE, ANY_JSON)
BODY = st.one_of(
    DOCUMENT.map(lambda document: json.dumps(document).encode()),
    DOCUMENT.map(lambda document: json.dumps(document).encode()),
    DOCUMENT.map(lambda document: json.dumps(document).encode()),
    DOCUMENT.map(lambda document: json.dumps(document).encode()[:-1]),
    st.integers(2, 2000).map(lambda deep: b"[" * deep + b"]" * deep),
    st.binary(max_size=60),
)

UNANSWERABLE = json.dumps(
    {"msg_type": "status_request", "namespace": NAMESPACE, "reply_to": ANSWERS, "correlation_id": "\x00"}
).encode()


class Served:
    """A home of alice whose runner and agent manager live, and somebody who sends to both."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        write_home(self.home)
        self.environment = plain_environment(USER="alice", PYTHONUNBUFFERED="1")
        settings = load_settings(self.environment, home=self.home)
        self.database: Database = open_database(settings.database_url)
        self.processes = {
            "broker": self._start("broker"),
            "runner": self._start("runner", "--namespace", NAMESPACE),
            "manager": self._start("agent-manager"),
        }
        wait_for(lambda: "serves namespace" in self.said("runner"), 30)
        wait_for(lambda: "agent manager started" in self.log("agent-manager"), 30)
        told = json.loads((self.home / ".state/broker.json").read_text())
        self.broker = StompSocket(told["host"], told["port"], timeout=60)
        self.broker.connect(told["user"], told["password"])
        self.broker.subscribe(ANSWERS, "1")
        self.number = 0

    def send(self, destination: str, body: bytes, headers: dict[str, str]) -> None:
        """One message; both are asked now and then whether they live."""
        self.broker.send(destination, body, headers)
        self.number += 1
        if self.number % EVERY == 0:
            self.both_answer()

    def both_answer(self) -> None:
        """Return once each has answered a question that was asked last."""
        mark = f"alive-{self.number}-{datetime.now(UTC).timestamp()}"
        common = {"reply_to": ANSWERS, "source": "fuzzer", "correlation_id": mark}
        self.broker.send(MANAGER, json.dumps({"command": "ping", **common}))
        asked = {"msg_type": "status_request", "namespace": NAMESPACE, **common}
        self.broker.send(WORKFLOWS, json.dumps(asked))
        kinds: set[str] = set()
        while len(kinds) < 2:
            frame = self.broker.message(60)
            answer = json.loads(frame.body)
            if answer.get("correlation_id") == mark:
                kinds.add(answer["msg_type"])

    def said(self, name: str) -> str:
        """What a process wrote to its screen."""
        return (self.home / f"{name}.screen").read_text(errors="replace")

    def log(self, name: str) -> str:
        """What a process logged."""
        files = sorted((self.home / ".state/logs").glob(f"{name}.log*"))
        return "".join(file.read_text(errors="replace") for file in files)

    def close(self) -> None:
        """End everything."""
        self.broker.close()
        for process in reversed(self.processes.values()):
            process.terminate()
            process.wait(30)
        self.database.close()

    def _start(self, *words: str) -> "subprocess.Popen[bytes]":
        name = {"agent-manager": "manager"}.get(words[0], words[0])
        with (self.home / f"{name}.screen").open("ab") as screen:
            process = subprocess.Popen(
                [sys.executable, "-m", "swf_console", "--home", str(self.home), *words],
                cwd=self.home,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
            )
        if words[0] == "broker":
            wait_for(lambda: "listening" in self.said("broker"), 30)
        return process


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(SECONDS)
def test_control_queues_any_message_ends_nothing_and_leaves_nothing(served: Served) -> None:
    @fuzzing
    @given(st.sampled_from([WORKFLOWS, MANAGER]), BODY, HEADERS)
    @example(WORKFLOWS, UNANSWERABLE, {})
    def send(destination: str, body: bytes, headers: dict[str, str]) -> None:
        served.send(destination, body, headers)

    send()
    served.both_answer()
    for name, process in served.processes.items():
        assert process.poll() is None, name
        assert "Traceback" not in served.said(name)
    logged = (served.log("workflow-runner") + served.log("agent-manager")).splitlines()
    assert [line for line in logged if "Traceback" in line] == []
    with served.database.read() as connection:
        for table in (workflows.executions, workflows.definitions, workflows.runs, workflows.run_states):
            assert connection.scalar(select(func.count()).select_from(table)) == 0, table.name
        kinds = select(workflows.messages.c.message_type).distinct()
        sent = set(connection.scalars(kinds))
        places = set(connection.scalars(select(workflows.messages.c.queue_name).distinct()))
    # answers of the runner, and what it gave back for the runner of another namespace
    assert {kind for kind in sent if kind != "workflow_control_reply"} <= {
        "run_workflow",
        "stop_workflow",
        "status_request",
        *(kind for kind in sent if not re.fullmatch(r"[a-z_]+", kind)),
    }
    assert all(place.startswith(("/queue/", "/topic/")) for place in places)
