"""No page and no count reads a whole table: asked of SQLite, whose planner has no statistics to help it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from swf_console.backend.database import (
    Database,
    agents,
    definitions,
    executions,
    files,
    logs,
    messages,
    open_database,
    runs,
    slices,
    workers,
)
from swf_console.backend.database.records.agents import LogFilter
from swf_console.backend.database.records.messages import MessageFilter, NewMessage
from swf_console.backend.database.records.processing import SliceFilter, StfFilter
from swf_console.backend.database.records.workflows import ExecutionFilter, NewDefinition
from swf_console.backend.database.sql.keyset import cursor_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SORT = "USE TEMP B-TREE FOR ORDER BY"
BY_KEY = ("_executions_1 (execution_id=?)", "_messages_1 (message_id=?)")
TIME_AND_ID = cursor_of([NOW, "0" * 32])
EXECUTIONS = [
    ExecutionFilter(),
    ExecutionFilter(namespace="n"),
    ExecutionFilter(status="running"),
    ExecutionFilter(executed_by="u"),
    ExecutionFilter(workflow_name="w"),
    ExecutionFilter(namespace="n", status="running"),
    ExecutionFilter(namespace="n", executed_by="u"),
    ExecutionFilter(executed_by="u", status="running"),
    ExecutionFilter(workflow_name="w", namespace="n"),
    ExecutionFilter(workflow_name="w", status="running"),
    ExecutionFilter(workflow_name="w", executed_by="u"),
    ExecutionFilter(since=NOW, until=NOW),
]
MESSAGES = [
    MessageFilter(),
    MessageFilter(namespace="n"),
    MessageFilter(execution_id="e"),
    MessageFilter(message_type="t"),
    MessageFilter(message_type="t*"),
    MessageFilter(sender="s"),
    MessageFilter(namespace="n", message_type="t"),
    MessageFilter(namespace="n", message_type="t*"),
    MessageFilter(execution_id="e", message_type="t"),
    MessageFilter(namespace="n", execution_id="e"),
    MessageFilter(since=NOW, until=NOW),
]
OTHERS: dict[str, Callable[[Connection], object]] = {
    "agents": agents.page,
    "counts of an execution": lambda c: messages.counts(c, "e"),
    "definitions": definitions.page,
    "definitions of a workflow": lambda c: definitions.page(c, "w", cursor_of([1])),
    "events": lambda c: runs.events(c, 1, cursor_of([NOW, 1])),
    "expired": lambda c: executions.expired(c, NOW),
    "exists": lambda c: messages.exists(c, "e", "t"),
    "leases": lambda c: executions.leases(c, "o"),
    "logs": lambda c: logs.page(c, LogFilter(), cursor_of([NOW, 1])),
    "logs of an application": lambda c: logs.page(c, LogFilter(app_name="a")),
    "owned": lambda c: executions.owned_by(c, "o"),
    "renewed": lambda c: executions.renew(c, "o", NOW),
    "runs": runs.page,
    "run states": runs.states,
    "samples of a run": lambda c: files.fastmon_page(c, 1, cursor_of([NOW, "tf"])),
    "slices of a run": lambda c: slices.page(c, SliceFilter(run_number=1), cursor_of([1])),
    "slices of an STF": lambda c: slices.page(c, SliceFilter(stf_filename="stf")),
    "STFs of a run": lambda c: files.stf_page(c, StfFilter(run_number=1), cursor_of(["stf"])),
    "types": messages.types,
    "workers of a run": lambda c: workers.page(c, 1, cursor_of([NOW, "w"])),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("plans") / "swf.db"
    opened = open_database(f"sqlite:///{path}")
    with opened.write() as connection:
        for version in "123":
            definitions.ensure(connection, NewDefinition("w", version, "custom", "", {}, "me"))
        ids = [f"{number:032x}" for number in range(3)]
        rows = [NewMessage(one, f"t{one[-1]}", NOW, content={}, execution_id="e") for one in ids]
        messages.record(connection, rows)
        runs.ensure(connection, 1, NOW)
    yield opened
    opened.close()


def plans(database: Database, act: Callable[[Connection], object]) -> list[str]:
    """Every step of every plan of the statements that `act` makes."""
    made: list[tuple[str, Any]] = []
    with database.write() as connection:

        def note(_c: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
            made.append((statement, values))

        event.listen(connection, "before_cursor_execute", note)
        act(connection)
        event.remove(connection, "before_cursor_execute", note)
        steps = []
        for statement, values in made:
            explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps += [str(row[3]) for row in explained]
    return steps


def unserved(steps: list[str], table: str) -> list[str]:
    """The steps that read a large table without an index, or read many of its rows only to sort them."""
    pairs = zip(steps, [*steps[1:], ""], strict=True)
    return [
        step
        for step, following in pairs
        if f" {table} " in f"{step} "
        and not step.endswith(BY_KEY)
        and ("USING" not in step or following == SORT)
    ]


@pytest.mark.parametrize("after", [None, TIME_AND_ID], ids=["newest", "middle"])
@pytest.mark.parametrize("wanted", EXECUTIONS, ids=str)
def test_plan_execution_page_uses_index(
    database: Database, wanted: ExecutionFilter, after: str | None
) -> None:
    steps = plans(database, lambda connection: executions.page(connection, wanted, after))
    assert unserved(steps, "swf_workflow_executions") == []


@pytest.mark.parametrize("after", [None, TIME_AND_ID], ids=["newest", "middle"])
@pytest.mark.parametrize("wanted", MESSAGES, ids=str)
def test_plan_message_page_uses_index(database: Database, wanted: MessageFilter, after: str | None) -> None:
    steps = plans(database, lambda connection: messages.page(connection, wanted, after))
    assert unserved(steps, "swf_workflow_messages") == []


@pytest.mark.parametrize("name", OTHERS)
def test_plan_other_queries_use_index(database: Database, name: str) -> None:
    steps = plans(database, OTHERS[name])
    pairs = zip(steps, [*steps[1:], ""], strict=True)
    assert [step for step, following in pairs if step.startswith("SCAN swf_") and following == SORT] == []
    assert [
        step for step in steps if step in ("SCAN swf_workflow_executions", "SCAN swf_workflow_messages")
    ] == []


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database whose statistics are those of a million executions in seven namespaces."""
    url = f"sqlite:///{tmp_path_factory.mktemp('large') / 'swf.db'}"
    opened = open_database(url)
    with opened.write() as connection:
        definitions.ensure(connection, NewDefinition("w", "1", "custom", "", {}, "me"))
        connection.exec_driver_sql("ANALYZE")
        for index, figures in LARGE.items():
            row = ("swf_workflow_executions", index, f"1000000 {figures}")
            connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", row)
    opened.close()
    opened = open_database(url)
    yield opened
    opened.close()


LARGE = {
    "sqlite_autoindex_swf_workflow_executions_1": "1",
    "swf_executions_definition_newest": "333334 1",
    "swf_executions_definition_status_newest": "333334 111112 1",
    "swf_executions_definition_namespace_newest": "333334 47620 1",
    "swf_workflow_executions_namespace_da80237b": "142858",
    "swf_executions_newest": "1 1",
    "swf_executions_status_newest": "333334 1",
    "swf_executions_namespace_newest": "142858 1",
    "swf_executions_namespace_status_newest": "142858 47620 1",
}
RARE: dict[str, Callable[[Connection], object]] = {
    "expired": lambda c: executions.expired(c, NOW),
    "leases": lambda c: executions.leases(c, "o"),
    "owned": lambda c: executions.owned_by(c, "o"),
    "a namespace without any": lambda c: executions.page(c, ExecutionFilter(namespace="none")),
}


@pytest.mark.parametrize("name", RARE)
def test_plan_rare_match_uses_index(large: Database, name: str) -> None:
    steps = plans(large, RARE[name])
    assert [step for step in steps if step.startswith("SCAN swf_workflow_executions")] == []
    assert any("status=?" in step or "namespace=?" in step for step in steps)
