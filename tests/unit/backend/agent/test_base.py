"""What every agent has from its base: each message once, nothing lost, and it lives on."""

import logging
import threading

import pytest

from swf_console.backend.agent.base import Agent
from swf_console.backend.agent.context import HandlerContext
from swf_console.backend.agent.message import Message
from swf_console.backend.core.destinations import DEAD_LETTERS, EPICTOPIC
from swf_console.backend.core.errors import DatabaseUnreachable, Refused
from swf_console.backend.database import logs, namespaces, runs
from swf_console.backend.database.records.agents import LogFilter
from swf_console.backend.messaging.message import make
from tests.support.agents import EXECUTION, NAMESPACE, RUN, AgentStage
from tests.support.waiting import wait_for


class Counting(Agent):
    """Keeps what it is given, and does with it what the test says."""

    agent_type = "counting"
    counted = "stf_gen"

    def begin(self) -> None:
        self.given: list[Message] = []
        self.refuse: dict[str, Exception] = {}
        self.gate = threading.Event()
        self.gate.set()

    def handle_stf_gen(self, message: Message, work: HandlerContext) -> None:
        filename = message.text("filename")
        namespaces.ensure(work.connection, filename, self.name)
        self.given.append(message)
        self.gate.wait(10)
        if filename in self.refuse:
            raise self.refuse[filename]
        work.send(EPICTOPIC, {"msg_type": "seen", "filename": filename}, key=filename)

    def handle_slow(self, message: Message, work: HandlerContext) -> None:
        work.background(self.finish, message)

    def finish(self, message: Message) -> None:
        self.given.append(message)
        self.gate.wait(10)
        with self.transaction(message) as work:
            work.send(EPICTOPIC, {"msg_type": "finished"})
            if len(self.given) == 1:
                raise RuntimeError("the first time goes wrong")

    def names(self) -> list[str]:
        return [message.text("filename") for message in self.given]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swf_console.backend.agent.processor.BACKOFF", (0.01, 0.02))
    monkeypatch.setattr("swf_console.backend.agent.heartbeat.WORKING_SECONDS", 0.05)


def stored(stage: AgentStage) -> set[str]:
    with stage.database.read() as connection:
        return {use.namespace.name for use in namespaces.listed(connection)}


def test_agent_handles_its_namespace_and_messages_without_one(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        stage.send("stf_gen", filename="ours")
        stage.send("stf_gen", filename="theirs", namespace="another")
        stage.say('{"msg_type": "stf_gen", "namespace": "another", "filename": "unmarked"}')
        stage.say('{"msg_type": "stf_gen", "filename": "nobody\'s"}')
        stage.send("stf_gen", filename="last")
        wait_for(lambda: "last" in agent.names())
        stage.settled()

    assert agent.names() == ["ours", "nobody's", "last"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\x00\x01",
        "{",
        "[]",
        "null",
        '"text"',
        '{"msg_type": 7}',
        '{"msg_type": ["stf_gen"]}',
        '{"msg_type": "stf_gen"}',
        '{"msg_type": "stf_gen", "filename": 7}',
        '{"msg_type": "stf_gen", "filename": "' + "x" * 300 + '"}',
        '{"msg_type": "stf_gen", "filename": "a\\u0000b"}',
        "[" * 5000,
    ],
)
def test_agent_unreadable_message_is_counted_and_agent_continues(stage: AgentStage, body: str) -> None:
    with stage.running(Counting) as agent:
        stage.say(body)
        stage.send("stf_gen", filename="good")
        wait_for(lambda: "good" in agent.names())
        stage.settled()

        assert agent.names() == ["good"]
        assert agent.counts.unreadable == 1
        assert not agent.counts.dead_letters


def test_agent_unreadable_messages_of_one_sender_are_one_log_line(
    stage: AgentStage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), stage.running(Counting) as agent:
        for _ in range(50):
            stage.say('{"msg_type": [7], "sender": "torre"}')
            stage.say("[]")
        stage.send("stf_gen", filename="good")
        wait_for(lambda: "good" in agent.names())
        stage.settled()
        assert agent.counts.unreadable == 100
    lines = [record.message for record in caplog.records if "unreadable message" in record.message]
    assert len(lines) == 2
    assert "sender='torre' destination='/topic/epictopic'" in lines[0]
    assert "sender='unknown'" in lines[1]


def test_agent_duplicate_message_is_handled_once(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        message = make(EPICTOPIC, {"msg_type": "stf_gen", "filename": "twice"})
        for _ in range(2):
            stage.say(message.body, **message.headers)
        stage.send("stf_gen", filename="last")
        wait_for(lambda: "last" in agent.names())
        stage.settled()

    assert agent.names() == ["twice", "last"]


def test_agent_killed_its_open_messages_go_to_the_next_process(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        name = agent.name
        agent.gate.clear()
        stage.send("stf_gen", filename="unfinished")
        wait_for(lambda: agent.names() == ["unfinished"])
        assert stage.unacknowledged() == 1
        assert not stored(stage)
        agent.stop()
        stage.send("stf_gen", filename="meanwhile")
        agent.refuse["unfinished"] = RuntimeError("killed")
        # a stopped agent handles for a moment what it has received: a killed one does not
        wait_for(agent._runtime._closing.is_set)
        agent.gate.set()

    with stage.running(Counting) as reborn:
        wait_for(lambda: reborn.names() == ["unfinished", "meanwhile"])
        stage.settled()
        assert reborn.name == name
    assert stored(stage) == {"unfinished", "meanwhile"}


def test_agent_message_is_acknowledged_after_the_receipts_of_its_messages(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        stage.broker.receipts = False
        stage.send("stf_gen", filename="one")
        wait_for(lambda: stage.heard(EPICTOPIC, "seen"))
        assert stage.unacknowledged() >= 1
        stage.broker.receipts = True
        stage.broker.cut()
        stage.settled()
        assert agent.names() == ["one"]


def test_agent_handler_raising_is_retried_then_dead_letter(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        agent.refuse["bad"] = ValueError("no such detector")
        agent.gate.clear()
        for filename in ("first", "before", "bad", "after"):
            stage.send("stf_gen", filename=filename)
        agent.gate.set()
        wait_for(lambda: stage.heard(DEAD_LETTERS))
        stage.send("stf_gen", filename="later")
        wait_for(lambda: "later" in stored(stage))
        stage.settled()

        assert stored(stage) == {"first", "before", "after", "later"}
        assert [each["filename"] for each in stage.heard(DEAD_LETTERS)] == ["bad"]
        assert agent.counts.dead_letters == 1
        assert agent.counts.last_failure == "ValueError: no such detector"
    (letter,) = [each for each in stage.broker.accepted if each.destination == DEAD_LETTERS]
    assert letter.headers["original-destination"] == EPICTOPIC
    assert "no such detector" in letter.headers["dlqDeliveryFailureCause"]


def test_agent_database_unreachable_waits(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        agent.refuse["patience"] = DatabaseUnreachable("the server has gone")
        stage.send("stf_gen", filename="patience")
        wait_for(lambda: len(agent.given) > 4)
        del agent.refuse["patience"]
        wait_for(lambda: stored(stage) == {"patience"})
        stage.settled()
        assert not agent.counts.dead_letters


def test_agent_background_call_holds_its_message_and_is_retried(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        agent.gate.clear()
        stage.send("slow")
        wait_for(lambda: agent.given)
        assert stage.unacknowledged() == 1
        agent.gate.set()
        wait_for(lambda: stage.heard(EPICTOPIC, "finished"))
        stage.settled()
        assert len(agent.given) == 2
    assert len(stage.heard(EPICTOPIC, "finished")) == 1


def test_context_send_adds_common_fields_and_a_stable_id(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        stage.send("stf_gen", filename="same", simulation_tick=2.5)
        stage.send("stf_gen", filename="same")
        wait_for(lambda: len(agent.given) == 2)
        stage.settled()
        (sent,) = stage.heard(EPICTOPIC, "seen")
    told = {name: sent[name] for name in ("namespace", "execution_id", "run_id", "sender", "simulation_tick")}
    assert told == {
        "namespace": NAMESPACE,
        "execution_id": EXECUTION,
        "run_id": str(RUN),
        "sender": "counting-agent-alice-1",
        "simulation_tick": 2.5,
    }


def test_agent_second_process_is_refused_unless_instance_differs(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        with pytest.raises(Refused, match="is already running, as process"):
            Counting(stage.settings, NAMESPACE, connect=stage.broker.connect)
        with (
            stage.running(Counting, instance="b") as second,
            stage.running(Counting, "other") as third,
        ):
            assert [agent.name, second.name, third.name] == [
                f"counting-agent-alice-{number}" for number in (1, 2, 3)
            ]


def test_agent_log_lines_are_stored_with_their_execution(stage: AgentStage) -> None:
    with stage.running(Counting) as agent:
        agent.refuse["bad"] = ValueError("no such detector")
        stage.send("stf_gen", filename="bad")
        wait_for(lambda: stage.heard(DEAD_LETTERS))
    with stage.database.read() as connection:
        lines = logs.page(connection, LogFilter(app_name="counting-agent", level=40)).items
    assert len(lines) == 4
    for line in lines:
        assert line.instance_name == "counting-agent-alice-1"
        assert line.extra_data is not None
        assert line.extra_data["execution_id"] == EXECUTION
        assert '"filename": "bad"' in line.extra_data["message_body"]


def test_agent_handler_raising_system_exit_ends_the_agent(stage: AgentStage) -> None:
    class Quitting(Counting):
        agent_type = "quitting"

        def handle_quit(self, _message: Message, _work: HandlerContext) -> None:
            raise SystemExit("enough")

    agent, thread = stage.start(Quitting)
    assert agent.wait_ready(10)
    stage.send("quit")
    thread.join(10)
    assert [str(error) for error in stage.failures] == ["enough"]
    stage.failures.clear()


def test_context_connection_writes_runs(stage: AgentStage) -> None:
    class Running(Agent):
        agent_type = "running"

        def handle_start_run(self, message: Message, work: HandlerContext) -> None:
            runs.ensure(work.connection, message.run_number, message.time)

    def found() -> bool:
        with stage.database.read() as connection:
            return runs.find(connection, RUN) is not None

    with stage.running(Running):
        stage.send("start_run", timestamp="2026-01-02T03:04:05+01:00")
        wait_for(found)
