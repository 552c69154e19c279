"""The tools over the SDK's client: list, arguments, size of answers, refusals."""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from swf_console.backend.database import Database, agents, logs
from swf_console.backend.database.records.agents import Heartbeat, LogEntry
from swf_console.backend.database.records.pages import Page
from swf_console.backend.services.journal import Journal
from swf_console.mcp.executor import ToolExecutor
from swf_console.mcp.serialize import MAX_CHARACTERS, serialize
from swf_console.mcp.server import build
from swf_console.mcp.tools import BY_NAME, TOOLS
from tests.support.assistant import Assistant
from tests.support.command_line import CommandLine
from tests.support.history import add_chain, add_execution, add_messages, add_states

NAMED = [
    "start_workflow",
    "stop_workflow",
    "list_workflow_executions",
    "get_workflow_execution",
    "list_workflow_definitions",
    "list_messages",
    "list_agents",
    "get_agent",
    "list_namespaces",
    "get_namespace",
    "list_runs",
    "get_run",
    "list_stf_files",
    "get_stf_file",
    "list_tf_slices",
    "get_tf_slice",
    "list_logs",
    "get_log_entry",
    "get_workflow_monitor",
    "list_workflow_monitors",
    "get_testbed_status",
    "start_user_testbed",
    "stop_user_testbed",
    "check_agent_manager",
    "end_execution",
    "send_message",
    "kill_agent",
    "get_system_state",
    "list_available_tools",
    "get_server_instructions",
    "plan",
]
WRITES = {
    *("start_workflow", "stop_workflow", "end_execution", "send_message"),
    *("kill_agent", "start_user_testbed", "stop_user_testbed"),
}
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def ask(console: CommandLine) -> Iterator[Assistant]:
    """A read-only server."""
    executor = ToolExecutor(console.settings, BY_NAME)
    yield Assistant(build(executor))
    executor.close()


@pytest.fixture
def write(console: CommandLine) -> Iterator[Assistant]:
    """A server that may write."""
    executor = ToolExecutor(console.settings, BY_NAME, allow_write=True)
    yield Assistant(build(executor))
    executor.close()


def all_pages(ask: Assistant, name: str, **arguments: Any) -> list[dict[str, Any]]:
    """Every row of a list, two at a time."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(name, limit=2, **arguments, **cursor).document
        assert page["count"] == len(page["items"]) <= 2
        rows += page["items"]
        assert page["has_more"] is (page["next_cursor"] is not None) is ("note" in page)
        if not page["has_more"]:
            return rows
        cursor = {"cursor": page["next_cursor"]}


def test_tools_all_listed_with_both_names(ask: Assistant) -> None:
    listed = {one.name: one for one in ask.tools()}
    assert set(listed) == set(NAMED) | {f"swf_{name}" for name in NAMED}
    for one in listed.values():
        assert one.description
        assert one.input_schema["additionalProperties"] is False
        assert one.annotations is not None
        assert one.annotations.read_only_hint is (one.name.removeprefix("swf_") not in WRITES)


def test_tools_prefixed_name_is_same_tool(ask: Assistant, home_database: Database) -> None:
    add_execution(home_database)
    assert ask("list_workflow_executions") == ask("swf_list_workflow_executions")


def test_list_workflow_executions_pages_and_get(ask: Assistant, home_database: Database) -> None:
    ids = [add_execution(home_database, number) for number in range(1, 6)]
    rows = all_pages(ask, "list_workflow_executions", status="completed")
    assert [row["execution_id"] for row in rows] == ids[::-1]
    shown = ask("get_workflow_execution", execution_id=ids[0]).document
    assert shown["execution"]["parameter_values"]["stf_processing"] == {"stf_count": 10}
    assert shown["execution"]["start_time"] == "2026-01-31T12:01:00Z"
    assert shown["definition"]["workflow_name"] == "stf_datataking"
    assert "definition" not in shown["definition"]
    rows = ask("list_workflow_executions", start_time="2026-01-31T12:04", end_time="2026-01-31T12:05").items
    assert [row["execution_id"] for row in rows] == [ids[3]]


def test_get_workflow_monitor_shows_progress(ask: Assistant, home_database: Database) -> None:
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 3)
    add_messages(home_database, execution_id, 1, kind="run_imminent")
    add_states(home_database, execution_id)
    answer = ask("get_workflow_monitor", execution_id=execution_id).document
    assert answer["execution"]["status"] == "completed"
    assert answer["run_number"] == 100010
    assert answer["seconds"] == 30
    assert len(answer["events"]) == 2
    assert ask("list_workflow_monitors").items == []  # it is months old


def test_list_messages_filter_set_returns_matches_with_content(
    ask: Assistant, home_database: Database
) -> None:
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 3)
    add_messages(home_database, execution_id, 1, kind="run_imminent")
    rows = all_pages(ask, "list_messages", execution_id=execution_id)
    assert rows
    assert all(isinstance(row["content"], dict) for row in rows)
    kinds = {row["message_type"] for row in rows}
    found = ask("list_messages", filter="type=stf_*").items
    assert {row["message_type"] for row in found} == {kind for kind in kinds if kind.startswith("stf_")}
    assert ask("list_messages", filter="colour=red").failed


def test_processing_tools_page_and_get(ask: Assistant, home_database: Database) -> None:
    add_chain(home_database)
    add_chain(home_database, 100011, 1)
    assert [row["run_number"] for row in all_pages(ask, "list_runs")] == [100011, 100010]
    assert ask("get_run", run_number=100010).document["state"]["slices_created"] == 6

    files = all_pages(ask, "list_stf_files")
    assert [row["stf_filename"][4:-4] for row in files] == [
        *("100011.000001", "100010.000003", "100010.000002", "100010.000001")
    ]
    assert len(all_pages(ask, "list_stf_files", run_number=100010, status="registered")) == 3
    assert ask("list_stf_files", run_number=7).items == []
    shown = ask("get_stf_file", stf_filename="swf.100010.000002.stf").document
    assert shown == ask("get_stf_file", file_id=shown["file"]["file_id"]).document
    assert [one["tf_filename"] for one in shown["samples"]] == ["swf.100010.000002_tf_001.tf"]

    assert len(all_pages(ask, "list_tf_slices")) == 8
    assert len(all_pages(ask, "list_tf_slices", run_number=100010, status="queued")) == 6
    rows = all_pages(ask, "list_tf_slices", stf_filename="swf.100010.000003.stf")
    assert sorted(row["slice_id"] for row in rows) == [0, 1]
    assert rows[0]["id"] > rows[1]["id"]
    sample = rows[0]["fastmon_file"]
    assert all_pages(ask, "list_tf_slices", tf_filename=sample) == rows
    assert ask("get_tf_slice", tf_filename=sample, slice_id=rows[0]["slice_id"]).document == rows[0]
    own = sample.replace(".tf", f"_slice_{rows[0]['slice_id']:03d}.tf")
    assert ask("get_tf_slice", tf_filename=own).document == rows[0]


def test_agents_namespaces_and_logs_page_and_get(ask: Assistant, home_database: Database) -> None:
    for name in ("alpha", "beta", "gamma"):
        add_execution(home_database, ord(name[0]), namespace=name)
        with home_database.write() as connection:
            agents.heartbeat(
                connection, Heartbeat(f"data-agent-{name}-1", "data", "OK", NOON, namespace=name)
            )
            logs.insert(connection, [LogEntry("app", name, NOON, 40, "ERROR", f"{name} broke")])
    assert [row["namespace"]["name"] for row in all_pages(ask, "list_namespaces")] == [
        *("alpha", "beta", "gamma")
    ]
    assert ask("get_namespace", namespace="beta").document["executions"] == 1
    assert len(all_pages(ask, "list_agents", agent_type="data")) == 3
    shown = ask("get_agent", name="data-agent-beta-1").document
    assert (shown["agent"]["status"], shown["process"]) == ("OK", None)
    assert "data-agent-beta-1" in ask("get_agent", name="data-agent-beta-2").document["advice"]
    rows = all_pages(ask, "list_logs", level="ERROR")
    assert len(rows) == 3
    assert ask("get_log_entry", log_id=rows[0]["id"]).document == rows[0]
    assert ask("list_logs", level="CRITICAL").items == []


def test_list_agents_filters_narrow_the_list(ask: Assistant, home_database: Database) -> None:
    with home_database.write() as connection:
        for hour, (name, status) in enumerate((("data-agent-a-1", "OK"), ("data-agent-b-2", "WARNING"))):
            agents.heartbeat(connection, Heartbeat(name, "data", status, NOON + timedelta(hours=hour)))
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 1, sender_agent="data-agent-b-2")

    def names(**arguments: Any) -> list[str]:
        return [row["instance_name"] for row in ask("list_agents", **arguments).items]

    assert names(status="OK") == ["data-agent-a-1"]
    assert names(execution_id=execution_id) == ["data-agent-b-2"]
    assert names(start_time="2026-01-31T12:30") == ["data-agent-b-2"]
    assert names(end_time="2026-01-31T12:30") == ["data-agent-a-1"]


def test_list_logs_execution_and_search_narrow_the_list(ask: Assistant, home_database: Database) -> None:
    with home_database.write() as connection:
        logs.insert(
            connection,
            [
                LogEntry("app", "a", NOON, 40, "ERROR", "Disk 50% full", extra_data={"execution_id": "x-1"}),
                LogEntry("app", "a", NOON, 40, "ERROR", "disk 501 full", extra_data={"execution_id": "x-2"}),
                LogEntry("app", "a", NOON, 40, "ERROR", "no execution"),
            ],
        )
    assert [row["message"] for row in ask("list_logs", execution_id="x-1").items] == ["Disk 50% full"]
    assert [row["message"] for row in ask("list_logs", search="DISK 50%").items] == ["Disk 50% full"]
    assert len(ask("list_logs", search="disk").items) == 2


def test_processing_tools_filters_narrow_the_lists(ask: Assistant, home_database: Database) -> None:
    add_chain(home_database)
    (first, *_) = ask("list_tf_slices", run_number=100010).items
    assert ask("list_tf_slices", id=first["id"]).items == [first]
    assert ask("list_tf_slices", fastmon_file_id="not-a-uuid").failed
    of_sample = ask("list_tf_slices", fastmon_file_id=first["fastmon_file_id"]).items
    assert {row["fastmon_file"] for row in of_sample} == {first["fastmon_file"]}
    for name in ("list_runs", "list_stf_files", "list_tf_slices"):
        assert ask(name, start_time="2000-01-01").items == ask(name).items
        assert ask(name, end_time="2000-01-01").items == []


def test_get_namespace_counts_within_times(ask: Assistant, home_database: Database) -> None:
    add_execution(home_database, 1, namespace="beta")
    for times, count in (({}, 1), ({"start_time": "2026-01-31"}, 1), ({"end_time": "2026-01-31"}, 0)):
        assert ask("get_namespace", namespace="beta", **times).document["executions"] == count


def test_definitions_and_system_state_are_narrowed_by_user(ask: Assistant, home_database: Database) -> None:
    add_execution(home_database)
    (definition,) = ask("list_workflow_definitions").items
    for field in ("created_by", "workflow_type"):
        assert ask("list_workflow_definitions", **{field: definition[field]}).items == [definition]
        assert ask("list_workflow_definitions", **{field: "other"}).items == []
    answer = ask("get_system_state", username="nobody-else").document
    assert (answer["user"], answer["latest_executions"]) == ("nobody-else", [])
    assert len(ask("get_system_state").document["latest_executions"]) == 1


def test_list_available_tools_and_instructions_describe_the_server(ask: Assistant, write: Assistant) -> None:
    tools = {one["name"]: one for one in ask("list_available_tools").document["tools"]}
    assert set(tools) == set(NAMED)
    assert {name for name, one in tools.items() if one["writes"]} == WRITES
    assert "read-only" in ask("get_server_instructions").document["instructions"]
    assert "may write" in write("get_server_instructions").document["instructions"]


def test_plan_opens_no_database(ask: Assistant, console: CommandLine) -> None:
    answer = ask("plan", config="fast_processing_default", parameters={"target_worker_count": 12}).document
    assert answer["stf_count"] > 0
    assert answer["capacity"]["workers"] == 12
    assert not (console.settings.state_dir / "swf.db").exists()


def test_get_system_state_empty_home_is_not_ready(ask: Assistant) -> None:
    answer = ask("get_system_state").document
    assert answer["status"]["ready"] is False
    assert answer["status"]["supervisor"]["state"] == "absent"
    assert ask("get_testbed_status").document["agents_running"] is False
    assert ask("check_agent_manager").document["alive"] is False
    assert ask("check_agent_manager", username="bob").document["control_queue"] == "/queue/agent_control.bob"


@pytest.mark.parametrize("name", sorted(WRITES))
def test_writes_on_read_only_server_are_refused(ask: Assistant, console: CommandLine, name: str) -> None:
    given = {
        "stop_workflow": {"execution_id": "x"},
        "end_execution": {"execution_id": "x"},
        "send_message": {"message": "hello"},
        "kill_agent": {"name": "x"},
    }
    result = ask(name, **given.get(name, {}))
    assert result.failed
    assert "read-only" in result.document["error"]
    assert "--allow-write" in result.document["advice"]
    (entry,) = Journal(console.settings.state_dir).entries()
    assert (entry.what, entry.ok) == (name, False)


def test_writes_are_in_journal_without_secrets(
    write: Assistant, console: CommandLine, home_database: Database
) -> None:
    console.name_namespace("torre1")
    running = add_execution(home_database, status="running")
    result = write("end_execution", execution_id=running)
    assert result.document["status"] == "terminated"
    result = write("send_message", message="hello", metadata={"api_token": "hush"})
    assert result.document["exit_code"] == 3  # no broker runs here
    second, first = Journal(console.settings.state_dir).entries()
    assert (first.what, first.ok, first.result) == ("end_execution", True, "ok")
    assert running in first.command
    assert (second.what, second.ok, second.who) == ("send_message", False, "shifter (mcp)")
    assert "hush" not in second.command


def test_writes_with_unwritable_journal_are_refused(
    write: Assistant, console: CommandLine, home_database: Database
) -> None:
    running = add_execution(home_database, status="running")
    Journal(console.settings.state_dir).path.mkdir()
    assert "journal" in write("end_execution", execution_id=running).document["error"]
    assert write("get_workflow_execution", execution_id=running).document["execution"]["status"] == "running"


def test_end_execution_with_live_runner_is_refused(write: Assistant, home_database: Database) -> None:
    lease = datetime.now(UTC) + timedelta(hours=1)
    held = add_execution(home_database, status="running", owner="runner-1", lease_expires_at=lease)
    result = write("end_execution", execution_id=held)
    assert (result.document["exit_code"], result.failed) == (5, True)
    assert "is running in runner-1" in result.document["error"]
    done = add_execution(home_database, 2)
    assert "is not running" in write("end_execution", execution_id=done).document["error"]


def test_kill_agent_outside_supervisord_is_refused(
    write: Assistant, console: CommandLine, home_database: Database
) -> None:
    beat = Heartbeat("data-agent-x-1", "data", "OK", NOON, pid=os.getpid(), hostname=console.settings.host)
    with home_database.write() as connection:
        agents.heartbeat(connection, beat)
    result = write("kill_agent", name="data-agent-x-1")
    assert result.failed
    assert result.document["exit_code"] == 3  # there is no supervisord at all


@pytest.mark.parametrize("kind", ["start_run", "END_RUN", "slice", "run_workflow"])
def test_send_message_agent_type_is_refused(write: Assistant, console: CommandLine, kind: str) -> None:
    console.name_namespace("torre1")
    result = write("send_message", message="x", message_type=kind)
    assert (result.document["exit_code"], result.failed) == (5, True)


def test_writes_without_namespace_are_refused(write: Assistant) -> None:
    for name, arguments in (("send_message", {"message": "x"}), ("start_workflow", {})):
        result = write(name, **arguments)
        assert result.document["exit_code"] == 2
        assert "placeholder" in result.document["error"]


@dataclass(frozen=True)
class InvalidCall:
    """A call that has to be refused, and what the refusal says."""

    tool: str
    says: str
    arguments: dict[str, Any]


INVALID_CALLS = [
    InvalidCall("list_runs", "limit", {"limit": 0}),
    InvalidCall("list_runs", "limit", {"limit": 100_000}),
    InvalidCall("list_runs", "limit", {"limit": "many"}),
    InvalidCall("list_runs", "colour", {"colour": "red"}),
    InvalidCall("list_runs", "not a cursor", {"cursor": "WzFd4"}),
    InvalidCall("list_runs", "cursor", {"cursor": "'; drop table"}),
    InvalidCall("get_run", "run_number", {}),
    InvalidCall("get_run", "run_number", {"run_number": 2**40}),
    InvalidCall("get_run", "run not found: 5", {"run_number": 5}),
    InvalidCall("get_stf_file", "one of", {}),
    InvalidCall("get_stf_file", "UUID", {"file_id": "../../etc/passwd"}),
    InvalidCall("get_tf_slice", "slice_id", {"tf_filename": "a.tf"}),
    InvalidCall("get_workflow_execution", "execution not found", {"execution_id": "x' OR '1'='1"}),
    InvalidCall("get_workflow_execution", "execution_id", {"execution_id": "a\x00b"}),
    InvalidCall("get_workflow_execution", "execution_id", {"execution_id": ["a"]}),
    InvalidCall("get_log_entry", "log_id", {"log_id": -1}),
    InvalidCall("get_log_entry", "log line not found", {"log_id": 2**63 - 1}),
    InvalidCall("list_workflow_executions", "status", {"status": "sleeping"}),
    InvalidCall("list_workflow_executions", "start_time", {"start_time": "yesterday"}),
    InvalidCall("list_logs", "level", {"level": "LOUD"}),
    InvalidCall("plan", "config", {"config": "../../etc/passwd"}),
    InvalidCall("plan", "configuration not found", {"config": "nowhere"}),
    InvalidCall("plan", "duration", {"config": "stf_datataking_default", "duration": -1}),
    InvalidCall("plan", "colour", {"config": "stf_datataking_default", "parameters": {"colour": 1}}),
    InvalidCall("start_workflow", "workflow_name", {"workflow_name": "/etc/passwd"}),
    InvalidCall("start_workflow", "nowhere", {"workflow_name": "nowhere"}),
    InvalidCall("start_workflow", "stf_count", {"config": "stf_datataking_default", "stf_count": -4}),
    InvalidCall("start_user_testbed", "config_name", {"config_name": "a/b"}),
    InvalidCall("check_agent_manager", "username", {"username": "bob/../alice"}),
    InvalidCall("kill_agent", "name", {"name": ""}),
]


@pytest.mark.parametrize("bad", INVALID_CALLS, ids=lambda bad: f"{bad.tool}-{json.dumps(bad.arguments)[:40]}")
def test_tools_invalid_arguments_are_named(write: Assistant, console: CommandLine, bad: InvalidCall) -> None:
    console.name_namespace("torre1")
    result = write(bad.tool, **bad.arguments)
    assert result.failed
    assert result.document["exit_code"] == 2, result
    assert bad.says in json.dumps(result.document)
    assert "Traceback" not in json.dumps(result.document)


def test_call_unknown_tool_is_protocol_error(ask: Assistant) -> None:
    assert "unknown tool" in ask.refusal("drop_tables")


def test_call_internal_error_hides_details(ask: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: ToolExecutor) -> Database:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(ToolExecutor, "database", broken)
    result = ask("list_runs")
    assert result.failed
    assert "ZeroDivisionError" in result.document["error"]
    assert "secret detail" not in json.dumps(result.document)


def test_serialize_large_rows_are_shortened() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = {"below": [deep]}
    rows = tuple({"text": "x" * 50_000, "deep": deep, "many": list(range(5_000))} for _ in range(200))
    document = serialize(Page(rows, "cursor"))
    assert len(json.dumps(document)) <= MAX_CHARACTERS
    assert len(document["items"]) == 200
    assert document["shortened"] > 0
    assert document["has_more"] is True


def test_serialize_values_outside_json_are_converted() -> None:
    answer = serialize({"nan": float("nan"), "odd": "\ud800", "at": NOON, "set": {2, 1}, 5: b"x"})
    assert answer == {"nan": None, "odd": "?", "at": "2026-01-31T12:00:00Z", "set": [1, 2], "5": "b'x'"}


def test_tools_description_first_line_is_sentence() -> None:
    for one in TOOLS:
        assert one.about.splitlines()[0].endswith((".", ":")), one.name


WORDS = (
    *(
        "running",
        "10m",
        "2026-01-31T12:00",
        "x' OR '1'='1",
        "..",
        "/etc/passwd",
        "a\x00b",
        "\ud800",
        "a" * 300,
    ),
    *(
        "WzFd",
        "e30",
        "W10",
        "type=",
        "!",
        "a~",
        '"open',
        "*",
        "%",
        "ERROR",
        "100010",
        "stf_datataking_default",
    ),
)
NUMBERS = (None, True, 0, 1, 200, -1, 1e308, float("nan"), float("inf"), 2**31, 2**63 - 1, 2**70, 0.5)


def random_value(generator: random.Random, depth: int = 0) -> Any:
    """A value as a confused assistant might send it."""
    kind = generator.randrange(8 if depth < 3 else 6)
    if kind < 3:
        return generator.choice(WORDS)
    if kind < 5:
        return generator.choice(NUMBERS)
    if kind == 5:
        return "".join(chr(generator.randrange(0x250)) for _ in range(generator.randrange(12)))
    values = [random_value(generator, depth + 1) for _ in range(generator.randrange(3))]
    return values if kind == 6 else {generator.choice(WORDS): value for value in values}


def test_call_arbitrary_arguments_has_no_internal_error(console: CommandLine) -> None:
    executor = ToolExecutor(console.settings, BY_NAME)
    tools = [one for one in TOOLS if not one.writes and one.name not in ("get_system_state", "plan")]
    generator = random.Random(7)
    for _ in range(3000):
        tool = generator.choice(tools)
        given = {
            name: random_value(generator) for name in tool.arguments.model_fields if generator.random() < 0.4
        }
        result = executor.call(tool, given)
        assert result.document.get("exit_code") != 1, (tool.name, given)
        json.dumps(result.document, allow_nan=False).encode()
    executor.close()
