"""Who may write: the same words in the console, on the command line and for an assistant."""

import pytest

from swf_console.backend.database import Database, open_database
from swf_console.backend.services import database as databases
from swf_console.backend.services.ownership import WritePolicy
from swf_console.mcp.executor import ToolExecutor
from swf_console.mcp.tools import BY_NAME
from swf_console.screens.shell.status import WriteAccess
from swf_console.viewmodels.context import ConsoleContext
from tests.support.command_line import CommandLine
from tests.support.history import add_execution

WHY = "reader may not write to postgresql://db/swf"


@pytest.fixture
def reading(console: CommandLine, home_database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that this account may only read, with one running execution; its id."""
    console.name_namespace("demo")
    execution_id = add_execution(home_database, status="running")

    def open_for_reading(url: str, **options: bool) -> Database:
        database = open_database(url, **options)
        database.read_only = WHY
        return database

    monkeypatch.setattr(databases, "open_database", open_for_reading)
    return execution_id


def test_write_policy_other_users_namespace_asks_until_unlocked() -> None:
    policy = WritePolicy("shifter")
    assert policy.refusal("", "torre1", "shifter") == ""
    assert policy.refusal("", "torre1", None) == ""
    assert policy.refusal("", "torre1", "alice") == "read-only: torre1 belongs to alice; W unlocks writes"
    policy.unlock("torre1")
    assert policy.refusal("", "torre1", "alice") == ""
    assert policy.refusal("", "torre2", "alice").startswith("read-only: torre2 belongs to alice")
    policy.lock()
    assert policy.refusal("", "torre1", "shifter") == "locked: W unlocks writes"


def test_write_policy_read_only_cannot_be_unlocked() -> None:
    policy = WritePolicy("shifter")
    policy.unlock("torre1")
    assert policy.refusal(WHY, "torre1", "shifter") == f"read-only: {WHY}"


def test_command_line_read_only_database_refused(
    console: CommandLine, reading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ConsoleContext(console.settings, "demo")
    monkeypatch.setattr(ConsoleContext, "why_read_only", WHY)
    refusal = WriteAccess(context).refusal
    assert refusal == f"read-only: {WHY}"
    for words in (
        ("executions", "stop", reading),
        ("namespaces", "create", "mine"),
        ("up", "stf_datataking"),
    ):
        said = console(*words)
        assert (said.code, said.out) == (5, "")
        assert refusal in said.err
    assert console("executions", "show", reading).code == 0


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("stop_workflow", {}),
        ("end_execution", {}),
        ("send_message", {"message": "hello"}),
        ("start_workflow", {"config": "stf_datataking_default"}),
        ("start_workflow", {"config": "stf_datataking_default", "start_agents": False}),
    ],
)
def test_mcp_read_only_database_refused_same_text(
    console: CommandLine, reading: str, name: str, given: dict[str, object]
) -> None:
    ids = {"execution_id": reading} if name in ("stop_workflow", "end_execution") else {}
    executor = ToolExecutor(console.settings, BY_NAME, allow_write=True)
    try:
        result = executor.call(BY_NAME[name], given | ids)
    finally:
        executor.close()
    assert result.is_error
    assert (result.document["error"], result.document["exit_code"]) == (f"read-only: {WHY}", 5)


def test_command_other_users_namespace_allowed(
    console: CommandLine, home_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = add_execution(home_database, status="running")
    monkeypatch.setenv("USER", "alice")
    executor = ToolExecutor(console.settings, BY_NAME, allow_write=True)
    try:
        result = executor.call(BY_NAME["end_execution"], {"execution_id": running})
    finally:
        executor.close()
    assert (result.is_error, result.document["status"]) == (False, "terminated")
