"""Operations behind the doors for programs: what is killed, what is understood of any message at all."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.core.errors import Refused, UsageError
from swf_console.backend.database import Database, agents
from swf_console.backend.database.records.agents import Heartbeat
from swf_console.backend.messaging.message import read
from swf_console.backend.messaging.replies import checked_reply_to
from swf_console.backend.services.agent_manager.protocol import COMMANDS, answer, read_command
from swf_console.backend.services.agents import control
from swf_console.backend.services.agents.control import kill_agent
from swf_console.backend.supervisor.base import ProcessState
from swf_console.testing.fake_supervisor import MemorySupervisor
from tests.support.command_line import CommandLine

PREFIXES = ("/queue/agent_control.replies.", "/topic/agent_control.reply.", "/temp-queue/")
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from([*COMMANDS, "mallory", "2026-01-31T12:00:00Z", "/queue/workflow_control"]),
    st.sampled_from([prefix + "mallory" + rest for prefix in PREFIXES for rest in ("", ".a", "b", "/")]),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("command", "source", "reply_to", "config_name", "correlation_id", "timestamp")


@pytest.fixture
def supervisor() -> MemorySupervisor:
    """One that runs, with one agent up."""
    made = MemorySupervisor(running=True)
    made.start(["example-data-agent"])
    return made


def test_kill_agent_own_process_by_either_name(
    console: CommandLine, home_database: Database, supervisor: MemorySupervisor
) -> None:
    settings = console.settings
    (pid,) = {one.pid for one in supervisor.processes() if one.pid}
    beat = Heartbeat("data-agent-x-1", "data", "OK", datetime.now(UTC), pid=pid, hostname=settings.host)
    with home_database.write() as connection:
        agents.heartbeat(connection, beat)
    killed = kill_agent(settings, home_database, "data-agent-x-1", supervisor=supervisor)
    assert (killed.name, killed.process.name) == ("data-agent-x-1", "example-data-agent")
    assert {one.state for one in supervisor.processes()} == {ProcessState.STOPPED}
    with home_database.read() as connection:
        agent = agents.get(connection, "data-agent-x-1")
    assert agent is not None
    assert (agent.operational_state, agent.pid) == ("EXITED", None)

    supervisor.start(["example-data-agent"])
    assert (
        kill_agent(settings, home_database, "example-data-agent", supervisor=supervisor).process.did
        == "stopped"
    )
    with pytest.raises(Refused, match="is not running"):
        kill_agent(settings, home_database, "example-data-agent", supervisor=supervisor)


@pytest.mark.parametrize(
    ("host", "pid", "says"),
    [
        ("elsewhere", 1001, "is on elsewhere"),
        (None, 999_999, "does not belong to"),
        (None, None, "no process"),
    ],
)
def test_kill_agent_other_process_refused(
    console: CommandLine,
    home_database: Database,
    supervisor: MemorySupervisor,
    host: str | None,
    pid: int | None,
    says: str,
) -> None:
    settings = console.settings
    beat = Heartbeat(
        "data-agent-x-1", "data", "OK", datetime.now(UTC), pid=pid, hostname=host or settings.host
    )
    with home_database.write() as connection:
        agents.heartbeat(connection, beat)
    with pytest.raises(Refused, match=says):
        kill_agent(settings, home_database, "data-agent-x-1", supervisor=supervisor)
    with pytest.raises(UsageError, match="agent not found"):
        kill_agent(settings, home_database, "data-agent-y-1", supervisor=supervisor)
    assert any(one.pid for one in supervisor.processes())


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, VALUES)))
def test_read_command_any_message_valid_or_refused(content: dict[str, Any]) -> None:
    message = read({"destination": "/queue/agent_control.alice"}, json.dumps(content))
    try:
        command = read_command(message)
    except Refused:
        return
    assert command.command in COMMANDS
    if command.reply_to is not None:
        assert command.source
        assert checked_reply_to(command.reply_to, command.source) == command.reply_to
        json.dumps(answer(command, "alice", {}))


@given(st.text(max_size=200))
def test_read_command_invalid_body_refused(body: str) -> None:
    with pytest.raises(Refused):
        read_command(read({"destination": "/queue/agent_control.alice"}, body))


def test_agents_start_without_a_namespace_is_refused_before_anything_runs(console: CommandLine) -> None:
    said = console("agents", "start", "example-data-agent")
    assert (said.code, said.out) == (2, "")
    assert "your-namespace" in said.err
    assert not (console.settings.state_dir / "supervisord.pid").exists()


def test_follow_log_of_running_program_with_removed_log_says_so(
    console: CommandLine, supervisor: MemorySupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = console.home / "agent.log"
    (started,) = (one.status for one in supervisor.start(["example-data-agent"]))
    status = replace(started, log_file=log)
    monkeypatch.setattr(supervisor, "processes", lambda: (status,))
    monkeypatch.setattr(control, "supervisor_of", lambda _settings: supervisor)
    with pytest.raises(UsageError, match=r"is running \(PID \d+\), but its log .* was removed") as caught:
        list(control.follow_log(console.settings, "example-data-agent", 10, follow=True))
    assert "agents restart example-data-agent" in str(caught.value)
    status = replace(status, pid=None, state=ProcessState.STOPPED)
    with pytest.raises(UsageError, match="has no log yet"):
        list(control.follow_log(console.settings, "example-data-agent", 10, follow=False))
    log.write_text("one\ntwo\n")
    assert list(control.follow_log(console.settings, "example-data-agent", 1, follow=False)) == ["two"]
