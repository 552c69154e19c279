"""The console's lists: filters, pages in both directions, details."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.core.settings import load_settings
from swf_console.backend.database import executions
from swf_console.backend.database.executions import ORDERS
from swf_console.backend.database.records.workflows import ExecutionFilter
from swf_console.backend.services.definitions import get_definition
from swf_console.backend.services.executions.diff import compare_executions
from swf_console.backend.services.journal import JournalEntry
from swf_console.viewmodels.context import ConsoleContext
from swf_console.viewmodels.definitions import FileDrift
from swf_console.viewmodels.executions.detail import origin_of, read_execution
from swf_console.viewmodels.executions.filter import command_of, is_empty, parse_execution_filter
from swf_console.viewmodels.pages import DefinitionsListed, ExecutionsListed, MessagesListed
from tests.support.history import CODE, add_execution, add_messages, add_states


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ConsoleContext]:
    (tmp_path / "workflows").mkdir()
    context = ConsoleContext(load_settings({"HOME": str(tmp_path)}, home=tmp_path), "demo")
    yield context
    context.close()


def all_pages(listed: Any, key: Callable[[Any], Any], *, backwards: bool, limit: int = 2) -> list[Any]:
    found: list[Any] = []
    after: str | None = None
    while True:
        page = listed.page(after, limit, backwards=backwards)
        found += map(key, page.items)
        if not page.more:
            return found
        after = page.cursors[-1]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("descending", [True, False])
def test_executions_listed_every_order_pages_equal_backwards(
    context: ConsoleContext, order: str, descending: bool
) -> None:
    database = context.database()
    for number in range(1, 8):
        status = ("completed", "failed", "terminated")[number % 3]
        add_execution(database, number, status=status, executed_by=("ann", "bob")[number % 2])
    listed = ExecutionsListed(context, order_by=order, descending=descending)
    forwards = all_pages(listed, lambda one: one.execution_id, backwards=False)
    assert len(set(forwards)) == 7
    assert all_pages(listed, lambda one: one.execution_id, backwards=True) == forwards[::-1]
    field = {"started": "start_time", "id": "execution_id", "status": "status", "user": "executed_by"}[order]
    values = all_pages(listed, lambda one: getattr(one, field), backwards=False)
    assert values == sorted(values, reverse=descending)
    assert listed.count() == (7, True)


def test_executions_listed_filter_by_definition_or_workflow_pages_by_status(
    context: ConsoleContext,
) -> None:
    database = context.database()
    for number in range(1, 6):
        add_execution(database, number, status=("completed", "failed")[number % 2])
    (definition,) = DefinitionsListed(context).page(None, 10).items
    for wanted in (
        ExecutionFilter(definition_id=definition.id),
        ExecutionFilter(workflow_name="stf_datataking"),
        ExecutionFilter(id_prefix="stf_datataking-"),
    ):
        listed = ExecutionsListed(context, wanted, "status")
        assert len(all_pages(listed, lambda one: one.execution_id, backwards=False)) == 5
        assert listed.count() == (5, True)
    assert ExecutionsListed(context, ExecutionFilter(definition_id=definition.id + 1)).count() == (0, True)


def test_messages_listed_pages_equal_backwards(context: ConsoleContext) -> None:
    execution = add_execution(context.database(), 1)
    ids = add_messages(context.database(), execution, 5)
    listed = MessagesListed(context, execution)
    assert all_pages(listed, lambda one: one.message_id, backwards=False) == ids
    assert all_pages(listed, lambda one: one.message_id, backwards=True) == ids[::-1]
    assert listed.count() == (5, True)


def test_read_execution_includes_run_state(context: ConsoleContext) -> None:
    execution = add_execution(context.database(), 1)
    add_states(context.database(), execution)
    recorded = read_execution(context, execution)
    assert recorded.detail.run_number == 100010
    assert len(recorded.detail.events) == 2
    assert recorded.run_state is None
    other = add_execution(context.database(), 2, metrics={"run_number": 100010, "stf_count": 11})
    compared = compare_executions(context.database(), execution, other)
    differences = {(one.kind, one.name) for one in compared.differences}
    assert ("metric", "stf_count") in differences


def test_read_execution_stopped_by_comes_from_journal(context: ConsoleContext) -> None:
    database = context.database()
    execution = add_execution(database, 1, status="running")
    requested_at = datetime.now(UTC)
    with database.write() as connection:
        executions.request_stop(connection, execution, requested_at)
    assert read_execution(context, execution).stopped_by is None
    for command in (f"executions stop {execution}", f"executions stop {execution}0"):
        who = "ann" if command.endswith("1") else "bob"
        context.journal.append(
            JournalEntry(requested_at, "action", who, "stop", "terminated", command=command)
        )
    assert read_execution(context, execution).stopped_by == "ann"


def test_file_drift_changed_workflow_file_is_detected(context: ConsoleContext) -> None:
    add_execution(context.database(), 1)
    (summary,) = DefinitionsListed(context).page(None, 10).items
    assert get_definition(context.database(), summary.id).definition == CODE
    drift = FileDrift(context)
    assert drift.of(summary.id, summary.workflow_name) is None
    path = drift.path_of(summary.workflow_name)
    assert path is not None
    path.write_text(CODE)
    assert drift.of(summary.id, summary.workflow_name) is False
    path.write_text(CODE + "# later\n")
    assert drift.of(summary.id, summary.workflow_name) is True
    assert drift.path_of("../secret") is None
    with pytest.raises(UsageError, match="definition not found: 99"):
        get_definition(context.database(), 99)


def test_parse_execution_filter_text_equals_command_line() -> None:
    wanted = parse_execution_filter(
        "status=fail ns=demo user=me workflow=stf_datataking stf_da since=2026-01-31"
    )
    assert wanted.status == "failed"
    assert wanted.id_prefix == "stf_da"
    assert command_of(wanted) == (
        "executions --status failed --namespace demo --user me --workflow stf_datataking --prefix stf_da"
        " --since 2026-01-31T00:00:00+00:00"
    )
    assert is_empty(parse_execution_filter("  "))
    assert not is_empty(wanted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status=blue", "is not a status"),
        ("stat=failed", "Did you mean"),
        ("status=", "has no value"),
        ("a b", "id is given twice"),
        ("since=yesterday", "is not a time"),
        ("'open", "missing closing quote"),
    ],
)
def test_parse_execution_filter_invalid_text_is_one_line_error(text: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_execution_filter(text)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_origin_of_nested_value_is_that_of_parameter() -> None:
    provenance: dict[str, dict[str, Any]] = {
        "daq.delay": {"origin": "base.toml", "line": 3, "replaced": [{"origin": "form", "value": 2}]}
    }
    assert origin_of(provenance, "daq.delay.seconds") == ("base.toml:3", "2 (form)")
    assert origin_of(provenance, "other") == ("-", "")
