"""`swf-console executions`, as a person and a program use it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from swf_console.backend.database import Database, executions
from swf_console.backend.services.executions import stop
from tests.support.command_line import CommandLine
from tests.support.history import add_execution, add_messages, add_states
from tests.support.waiting import wait_for

HOSTILE = "\x1b[31mred\x1b[0m \u202egnp.exe \x9b2J\r\nsecond [bold]line[/bold] " + "x" * 100_000


def test_executions_list_newest_first(console: CommandLine, home_database: Database) -> None:
    add_execution(home_database, 1)
    add_execution(home_database, 2, status="failed", error="no beam")
    said = console("executions")
    assert said.code == 0
    newest, oldest = said.out.splitlines()[1:]
    assert newest.startswith("stf_datataking-shifter-0002")
    assert "failed" in newest
    assert "no beam" in newest
    assert oldest.startswith("stf_datataking-shifter-0001")


def test_executions_list_empty_advises_on_stderr(console: CommandLine) -> None:
    said = console("executions", "list")
    assert (said.code, said.out) == (0, "")
    assert "swf-console --run" in said.err


def test_executions_list_no_match_advises(console: CommandLine, home_database: Database) -> None:
    add_execution(home_database)
    said = console("executions", "--namespace", "other")
    assert said.out == ""
    assert "No matching executions" in said.err


@pytest.mark.parametrize("arguments", [["--status", "failed", "list"], ["list", "--status", "failed"]])
def test_executions_flags_before_or_after_action(
    console: CommandLine, home_database: Database, arguments: list[str]
) -> None:
    add_execution(home_database, 1)
    add_execution(home_database, 2, status="failed")
    said = console("executions", *arguments, "--json")
    assert [each["execution_id"] for each in said.documents] == ["stf_datataking-shifter-0002"]


def test_executions_list_pages_complete(console: CommandLine, home_database: Database) -> None:
    ids = [add_execution(home_database, number) for number in range(1, 6)]
    seen: list[str] = []
    after: list[str] = []
    for _ in range(3):
        rows = console("executions", "--json", "--limit", "2", *after).documents
        seen += [row["execution_id"] for row in rows if "execution_id" in row]
        after = ["--after", rows[-1]["next"]] if "next" in rows[-1] else []
    assert seen == ids[::-1]
    assert not after


@pytest.mark.parametrize("limit", ["0", "-1", "10001", "many", "1e3", ""])
def test_executions_list_bad_limit_refused(console: CommandLine, limit: str) -> None:
    said = console("executions", f"--limit={limit}")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert "--limit" in said.err


def test_executions_show_all_sections(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 3)
    add_states(home_database, execution_id)
    said = console("executions", "show", execution_id)
    assert said.code == 0
    for part in (
        "stf_processing.stf_count",
        "beam / ready",
        "stf_gen",
        "wall_seconds",
        "drift: none",
        "100010",
    ):
        assert part in said.out


def test_executions_show_json_complete(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 3)
    add_states(home_database, execution_id)
    document = console("executions", "show", execution_id, "--json").document
    assert document["schema_version"] == 1
    assert document["messages_by_type"] == {"stf_gen": 3}
    assert document["drift"]["drifted"] is False
    assert len(document["state_events"]) == 2
    assert document["start_time"].endswith("Z")


def test_executions_show_unknown_suggests_nearest(console: CommandLine, home_database: Database) -> None:
    add_execution(home_database)
    said = console("executions", "show", "stf_datataking-shifter-0002")
    assert said.code == 2
    assert "Did you mean stf_datataking-shifter-0001?" in said.err


def test_executions_show_control_characters_escaped(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(
        home_database,
        status="failed",
        error=HOSTILE,
        trace=HOSTILE,
        namespace="n\x1b]0;title\x07",
        parameter_values={"s\u202e": {"k\x1b[2J": HOSTILE}, "workflow": {"configuration": HOSTILE}},
        metrics={"reason\x1b": HOSTILE},
        execution_environment={"source": {"commit": "c", "url": HOSTILE}, "host\x9b": [HOSTILE]},
    )
    for arguments in (["list"], ["show", execution_id], ["show", execution_id, "--json"], ["list", "--json"]):
        said = console("executions", *arguments)
        assert said.code == 0
        for dangerous in ("\x1b", "\u202e", "\x9b", "\x07", "\r"):
            assert dangerous not in said.out + said.err
    assert max(map(len, console("executions", "show", execution_id).out.splitlines())) < 5000


def test_executions_show_foreign_rows(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(
        home_database,
        parameter_values={"a": 1, "workflow": "text"},
        execution_environment={"workflow": 3, "source": [], "provenance": {"a": 4}},
        metrics={"run_number": "many"},
    )
    assert console("executions", "show", execution_id).code == 0
    assert console("executions", "diff", execution_id, execution_id).code == 0
    assert console("executions", "rerun", execution_id).code == 5


def test_executions_list_expired_not_running(console: CommandLine, home_database: Database) -> None:
    add_execution(
        home_database,
        status="running",
        owner="host:1:dead",
        lease_expires_at=datetime.now(UTC) - timedelta(minutes=1),
    )
    row = console("executions", "--json").document
    assert row["status"] == "failed"
    assert "process 1 on host" in row["error_message"]


def test_executions_sweep_closes_dead_owner(console: CommandLine, home_database: Database) -> None:
    lease = datetime.now(UTC) + timedelta(hours=1)
    execution_id = add_execution(home_database, status="running", owner="host:1:dead", lease_expires_at=lease)
    assert console("executions", "sweep", "--owner", "host:2:alive").out == ""
    assert console("executions", "sweep", "--owner", "host:1:dead").out == f"{execution_id}\n"
    assert "sweep" not in console("executions", "--help").out


def test_executions_stop_ended_refused(console: CommandLine, home_database: Database) -> None:
    said = console("executions", "stop", add_execution(home_database))
    assert said.code == 5
    assert "status: completed" in said.err


def test_executions_stop_waits_for_end(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(
        home_database, status="running", owner="us", lease_expires_at=datetime.now(UTC) + timedelta(hours=1)
    )

    def owner() -> None:
        def asked() -> bool:
            with home_database.write() as connection:
                return bool(executions.renew(connection, "us", datetime.now(UTC) + timedelta(hours=1)))

        wait_for(asked)
        with home_database.write() as connection:
            executions.finish(connection, execution_id, status="terminated", end_time=datetime.now(UTC))

    thread = threading.Thread(target=owner)
    thread.start()
    said = console("executions", "stop", execution_id, "--json")
    thread.join()
    assert said.code == 0
    assert said.document["status"] == "terminated"


def test_executions_stop_timeout_names_process(
    console: CommandLine, home_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop, "LOOK_SECONDS", 0.01)
    execution_id = add_execution(
        home_database,
        status="running",
        owner="host:7:x",
        lease_expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    said = console("executions", "stop", execution_id, "--timeout", "0.05")
    assert said.code == 4
    assert "is still running after 0.05 s" in said.err
    assert "process 7 on host" in said.err


def test_executions_diff_shows_differences_only(console: CommandLine, home_database: Database) -> None:
    first = add_execution(home_database, 1)
    second = add_execution(home_database, 2, metrics={"wall_seconds": 2.0})
    rows = console("executions", "diff", first, second, "--json").documents
    metrics = {row["name"]: (row["first"], row["second"]) for row in rows}
    assert metrics["wall_seconds"] == (0.5, 2.0)
    assert {row["kind"] for row in rows} == {"metric"}


def test_executions_diff_same_execution_empty(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(home_database)
    said = console("executions", "diff", execution_id, execution_id)
    assert (said.code, said.out) == (0, "")
    assert "No differences" in said.err
