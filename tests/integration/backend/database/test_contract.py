"""One contract, both databases: what every function of the database room promises."""

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from swf_console.backend.core.errors import UsageError
from swf_console.backend.database import (
    Database,
    agents,
    definitions,
    executions,
    logs,
    messages,
    namespaces,
    open_database,
    runs,
    sequences,
)
from swf_console.backend.database.records.agents import AgentFilter, Heartbeat, LogEntry, LogFilter
from swf_console.backend.database.records.messages import MessageFilter, NewMessage
from swf_console.backend.database.records.pages import Page
from swf_console.backend.database.records.workflows import (
    Definition,
    ExecutionFilter,
    NewDefinition,
    NewExecution,
    RunState,
    StateEvent,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DEFINITION = NewDefinition("stf_datataking", "1.0", "custom", "class WorkflowExecutor: ...", {"a": 1}, "me")


@pytest.fixture
def definition(database: Database) -> Definition:
    with database.write() as connection:
        return definitions.ensure(connection, DEFINITION)


def new_execution(definition: Definition, number: int, **changes: Any) -> NewExecution:
    plain = NewExecution(
        execution_id=f"stf_datataking-me-{number:04}",
        workflow_definition_id=definition.id,
        namespace="torre1",
        parameter_values={"daq_state_machine": {"stf_interval": 2.0}},
        executed_by="me",
        start_time=NOW + number * SECOND,
        execution_environment={"host": "here"},
        owner="host:1:a",
        lease_expires_at=NOW + 15 * SECOND,
    )
    return plain._replace(**changes)


def new_message(number: int, **changes: Any) -> NewMessage:
    plain = NewMessage(
        message_id=str(uuid.UUID(int=number + 1)),
        message_type="stf_gen",
        sent_at=NOW + number * SECOND,
        content={"sequence": number},
        namespace="torre1",
        execution_id="stf_datataking-me-0001",
        run_id="100010",
        sender_agent="DAQ_Simulator-agent-me-1",
        queue_name="/topic/epictopic",
    )
    return plain._replace(**changes)


def walk(turn: Callable[[str | None], Page[Any]]) -> list[Any]:
    """Read every page, each from the cursor of the one before."""
    items: list[Any] = []
    after: str | None = None
    for _ in range(1000):
        page = turn(after)
        items.extend(page.items)
        after = page.next
        if after is None:
            return items
    raise AssertionError("the pages never end")


# sequences


def test_sequences_first_numbers(database: Database) -> None:
    with database.write() as connection:
        assert sequences.next_run_number(connection) == 100_010
        assert sequences.next_agent_number(connection) == 1
        assert sequences.next_execution_number(connection) == 1
        assert sequences.next_execution_number(connection) == 2


def test_sequences_have_all_keys_of_the_monitor(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("DELETE FROM swf_persistent_state"))  # what an upgrade has stored
        for draw in (
            sequences.next_run_number,
            sequences.next_agent_number,
            sequences.next_execution_number,
        ):
            draw(connection)
        stored = connection.execute(text("SELECT id, state_data FROM swf_persistent_state")).one()
    data = json.loads(stored.state_data) if isinstance(stored.state_data, str) else stored.state_data
    times = {key: datetime.fromisoformat(data.pop(key)) for key in list(data) if key.endswith("time")}
    assert stored.id == 1
    assert data == {
        "next_run_number": 100_011,
        "last_run_number": 100_010,
        "next_agent_id": 2,
        "last_agent_id": 1,
        "next_workflow_execution_id": 2,
        "last_workflow_execution_id": 1,
    }
    assert sorted(times) == [
        "last_agent_registration_time",
        "last_run_start_time",
        "last_workflow_execution_time",
    ]
    assert all(abs(datetime.now(UTC) - moment) < timedelta(minutes=5) for moment in times.values())


def test_sequences_continue_from_the_monitor(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("DELETE FROM swf_persistent_state"))
        connection.execute(
            text("INSERT INTO swf_persistent_state (id, state_data, updated_at) VALUES (1, :data, :at)"),
            {"data": '{"next_run_number": 102145, "other": "kept"}', "at": "2026-01-01 00:00:00+00"},
        )
    with database.write() as connection:
        assert sequences.next_run_number(connection) == 102_145
        data = connection.execute(text("SELECT state_data FROM swf_persistent_state")).scalar_one()
    assert (json.loads(data) if isinstance(data, str) else data)["other"] == "kept"


def _draw(url: str, times: int) -> list[int]:
    database = open_database(url)
    drawn = []
    for _ in range(times):
        with database.write() as connection:
            drawn.append(sequences.next_execution_number(connection))
    database.close()
    return drawn


def test_sequences_eight_processes_distinct_numbers(url: str) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as pool:
        drawn = [number for numbers in pool.map(_draw, [url] * 8, [50] * 8) for number in numbers]
    assert sorted(drawn) == list(range(1, 401))


# definitions


def test_definition_stored_once_never_changed(database: Database) -> None:
    with database.write() as connection:
        first = definitions.ensure(connection, DEFINITION)
        again = definitions.ensure(
            connection, DEFINITION._replace(definition="other", parameter_values={"a": 2}, created_by="you")
        )
        other = definitions.ensure(connection, DEFINITION._replace(version="1.1"))
    assert again == first
    assert (first.definition, first.parameter_values) == (DEFINITION.definition, {"a": 1})
    assert first.created_at.tzinfo is UTC
    assert other.id != first.id
    with database.read() as connection:
        assert definitions.get(connection, first.id) == first
        assert definitions.find(connection, "stf_datataking", "9") is None
        assert [one.version for one in definitions.page(connection, "stf_datataking").items] == ["1.1", "1.0"]


def test_definition_many_writers_store_one(database: Database) -> None:
    together = threading.Barrier(4)

    def ensure(number: int) -> Definition:
        together.wait()
        with database.write() as connection:
            return definitions.ensure(connection, DEFINITION._replace(definition=f"code {number}"))

    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(ensure, range(4)))
    assert stored == [stored[0]] * 4


def _delete_definitions(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("DELETE FROM swf_workflow_definitions"))


def test_definition_with_executions_not_deleted(database: Database, definition: Definition) -> None:
    with database.write() as connection:
        executions.insert(connection, new_execution(definition, 1))
    with pytest.raises(IntegrityError):
        _delete_definitions(database)


# executions


def test_execution_stores_every_column(database: Database, definition: Definition) -> None:
    new = new_execution(definition, 1)
    with database.write() as connection:
        executions.insert(connection, new)
    with database.write() as connection:
        assert executions.finish(
            connection,
            new.execution_id,
            status="failed",
            end_time=NOW + 9 * SECOND,
            performance_metrics={"stfs": 10},
            error_message="boom \U0001f4a5",
            stack_trace="Traceback ...",
        )
        stored = executions.get(connection, new.execution_id)
        assert executions.get(connection, "absent") is None
    assert stored is not None
    assert (stored.workflow_name, stored.version) == ("stf_datataking", "1.0")
    for name in ("execution_id", "namespace", "parameter_values", "executed_by", "start_time", "owner"):
        assert getattr(stored, name) == getattr(new, name)
    assert (stored.status, stored.end_time) == ("failed", NOW + 9 * SECOND)
    assert stored.performance_metrics == {"stfs": 10}
    assert (stored.error_message, stored.stack_trace) == ("boom \U0001f4a5", "Traceback ...")
    assert stored.execution_environment == {"host": "here"}


def test_execution_id_unique(database: Database, definition: Definition) -> None:
    with database.write() as connection:
        executions.insert(connection, new_execution(definition, 1))

    def insert_again() -> None:
        with database.write() as connection:
            executions.insert(connection, new_execution(definition, 1))

    with pytest.raises(IntegrityError):
        insert_again()


@pytest.mark.parametrize("attempt", range(3))
def test_finish_two_racing_calls_one_status(database: Database, definition: Definition, attempt: int) -> None:
    with database.write() as connection:
        executions.insert(connection, new_execution(definition, 1))
    together = threading.Barrier(2)

    def finish(status: str) -> tuple[bool, str]:
        together.wait()
        with database.write() as connection:
            won = executions.finish(connection, "stf_datataking-me-0001", status=status, end_time=NOW)
        return won, status

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(finish, ["completed", "terminated"]))
    winners = [status for won, status in results if won]
    with database.read() as connection:
        stored = executions.get(connection, "stf_datataking-me-0001")
    assert stored is not None
    assert [stored.status] == winners


@pytest.mark.parametrize("text", ["caf\udce9", "a\0b", "\U0001f4a5" * 500_000, "\ud800\0" * 300_000])
def test_finish_any_text_is_recorded(database: Database, definition: Definition, text: str) -> None:
    with database.write() as connection:
        executions.insert(connection, new_execution(definition, 1))
    with database.write() as connection:
        assert executions.finish(
            connection,
            "stf_datataking-me-0001",
            status="failed",
            end_time=NOW,
            error_message=f"bad file {text}",
            stack_trace=text,
        )
        stored = executions.get(connection, "stf_datataking-me-0001")
    assert stored is not None
    assert stored.status == "failed"
    assert str(stored.error_message).startswith("bad file ")
    assert len(str(stored.stack_trace)) < 250_000


def test_lease_renewed_by_owner_returns_stop_requests(database: Database, definition: Definition) -> None:
    with database.write() as connection:
        for number in (1, 2):
            executions.insert(connection, new_execution(definition, number))
        executions.insert(connection, new_execution(definition, 3, owner="other"))
        assert executions.request_stop(connection, "stf_datataking-me-0002", NOW)
        assert executions.request_stop(connection, "stf_datataking-me-0002", NOW + SECOND)
        assert not executions.request_stop(connection, "absent", NOW)
        assert executions.renew(connection, "host:1:a", NOW + 60 * SECOND) == ["stf_datataking-me-0002"]
        owned = executions.owned_by(connection, "host:1:a")
        assert [one.execution_id[-1] for one in owned] == ["1", "2"]
        assert owned[1].stop_requested_at == NOW
        asked = {"stf_datataking-me-0001": None, "stf_datataking-me-0002": NOW}
        assert executions.leases(connection, "host:1:a") == asked
        late = executions.expired(connection, NOW + 30 * SECOND)
        assert [one.execution_id[-1] for one in late] == ["3"]


def test_expired_only_running_with_expired_lease(database: Database, definition: Definition) -> None:
    after = NOW + 16 * SECOND
    with database.write() as connection:
        executions.insert(connection, new_execution(definition, 1))
        executions.insert(connection, new_execution(definition, 2, owner=None, lease_expires_at=None))
        executions.insert(connection, new_execution(definition, 3))
        executions.finish(connection, "stf_datataking-me-0003", status="completed", end_time=NOW)
        assert executions.expired(connection, NOW) == []
        assert [one.execution_id[-1] for one in executions.expired(connection, after)] == ["1"]
        assert not executions.request_stop(connection, "stf_datataking-me-0003", NOW)


def test_finish_renewed_lease_not_closed(database: Database, definition: Definition) -> None:
    after = NOW + 16 * SECOND
    with database.write() as connection:
        executions.insert(connection, new_execution(definition, 1))
        executions.renew(connection, "host:1:a", NOW + 60 * SECOND)

    def close(at: datetime) -> bool:
        with database.write() as connection:
            return executions.finish(
                connection, "stf_datataking-me-0001", status="failed", end_time=at, lease_expired_before=at
            )

    assert not close(after)
    assert close(NOW + 61 * SECOND)


@pytest.fixture
def many(database: Database, definition: Definition) -> Sequence[NewExecution]:
    """Forty executions of two definitions; four start at the same moment each time."""
    with database.write() as connection:
        second = definitions.ensure(connection, DEFINITION._replace(version="2.0"))
        other = definitions.ensure(connection, DEFINITION._replace(workflow_name="calibration"))
        of = (definition, second, definition, other)
        rows = [
            new_execution(
                of[number % 4],
                number,
                start_time=NOW + (number // 4) * SECOND,
                namespace=f"ns{number % 3}",
                executed_by=f"user{number % 5}",
                status="running" if number % 7 == 0 else "completed",
            )
            for number in range(40)
        ]
        for row in rows:
            executions.insert(connection, row)
    return rows


FILTERS: dict[str, tuple[ExecutionFilter, Callable[[int], bool]]] = {
    "all": (ExecutionFilter(), lambda n: n >= 0),
    "namespace": (ExecutionFilter(namespace="ns1"), lambda n: n % 3 == 1),
    "status": (ExecutionFilter(status="running"), lambda n: n % 7 == 0),
    "user": (ExecutionFilter(executed_by="user2"), lambda n: n % 5 == 2),
    "workflow": (ExecutionFilter(workflow_name="stf_datataking"), lambda n: n % 4 != 3),
    "workflow and namespace": (
        ExecutionFilter(workflow_name="stf_datataking", namespace="ns0"),
        lambda n: n % 4 != 3 and n % 3 == 0,
    ),
    "everything": (
        ExecutionFilter("completed", "ns0", "user1", "stf_datataking", "stf_", NOW, NOW + 8 * SECOND),
        lambda n: n % 7 != 0 and n % 3 == 0 and n % 5 == 1 and n % 4 != 3 and n < 32,
    ),
    "prefix": (ExecutionFilter(id_prefix="stf_datataking-me-001"), lambda n: 10 <= n < 20),
    "prefix and status": (
        ExecutionFilter(id_prefix="stf_datataking-me-00", status="running"),
        lambda n: n % 7 == 0,
    ),
    "pattern characters": (ExecutionFilter(id_prefix="stf%"), lambda n: n < 0),
    "since and until": (
        ExecutionFilter(since=NOW + 2 * SECOND, until=NOW + 4 * SECOND),
        lambda n: 8 <= n < 16,
    ),
    "unknown workflow": (ExecutionFilter(workflow_name="absent"), lambda n: n < 0),
}


@pytest.mark.parametrize("name", FILTERS)
def test_execution_pages_each_match_once_in_order(
    database: Database, many: Sequence[NewExecution], name: str
) -> None:
    wanted, matches = FILTERS[name]
    expected = [row.execution_id for number, row in enumerate(many) if matches(number)]
    with database.read() as connection:
        oldest = walk(lambda after: executions.page(connection, wanted, after, 3, newest_first=False))
        newest = walk(lambda after: executions.page(connection, wanted, after, 7))
        counted = executions.count(connection, wanted)
        capped = executions.count(connection, wanted, cap=2)
    assert [one.execution_id for one in oldest] == expected
    assert [one.execution_id for one in newest] == expected[::-1]
    assert counted == len(expected)
    assert capped == min(2, len(expected))


def test_execution_page_common_prefix_uses_list_order(
    database: Database, many: Sequence[NewExecution], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swf_console.backend.database.executions.FEW_MATCHES", 5)
    wanted = ExecutionFilter(id_prefix="stf_datataking-me-", workflow_name="stf_datataking")
    with database.read() as connection:
        found = walk(lambda after: executions.page(connection, wanted, after, 4))
    assert [one.execution_id for one in found] == [
        row.execution_id for number, row in reversed(list(enumerate(many))) if number % 4 != 3
    ]


def test_execution_page_stable_while_executions_start(
    database: Database, definition: Definition, many: Sequence[NewExecution]
) -> None:
    with database.write() as connection:
        first = executions.page(connection, ExecutionFilter(), limit=5)
        executions.insert(connection, new_execution(definition, 900))
        second = executions.page(connection, ExecutionFilter(), first.next, limit=5)
    ids = [one.execution_id for one in (*first.items, *second.items)]
    assert ids == [row.execution_id for row in many[:-11:-1]]


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WzEsIDJd", "WyJub3ciLCAiYSJd", "\U0001f600"])
def test_cursor_invalid_refused(database: Database, cursor: str) -> None:
    with database.read() as connection, pytest.raises(UsageError, match="not a cursor of this list"):
        executions.page(connection, ExecutionFilter(), cursor)


# messages


def test_message_content_same_in_every_form(database: Database) -> None:
    content = {"text": "\u00e9 \U0001f600 %s {} \\ ' \"", "n": 1.5, "deep": [{"a": None}]}
    given = [
        new_message(0, content=content, metadata={"tries": 2}),
        new_message(1, content_json=json.dumps(content)),
        new_message(2, content="not JSON at all"),
        new_message(3, content=None, execution_id=None, run_id=None, namespace=None, sender_agent=None),
    ]
    with database.write() as connection:
        messages.record(connection, given)
        stored = [messages.get(connection, one.message_id) for one in given]
    assert [one.content for one in stored if one] == [content, content, "not JSON at all", None]
    assert stored[0] is not None
    assert stored[0].metadata == {"tries": 2}
    assert stored[0].sent_at == NOW
    assert stored[0].message_id == given[0].message_id


def test_record_message_once_batch_atomic(database: Database) -> None:
    def record(*new: NewMessage) -> None:
        with database.write() as connection:
            messages.record(connection, new)

    record(new_message(1))
    record(new_message(1))
    with pytest.raises(IntegrityError):
        record(new_message(2), new_message(3, message_type=None))
    with database.read() as connection:
        assert messages.count(connection, MessageFilter()) == 1


def test_mark_delivered_own_time_each(database: Database) -> None:
    new = [new_message(number) for number in range(5)]
    times = [(new[number].message_id, NOW + number * SECOND / 7) for number in (0, 2, 3)]
    with database.write() as connection:
        messages.record(connection, new)
        messages.record(connection, [])
        messages.mark_delivered(connection, [])
        messages.mark_delivered(connection, times)
    with database.read() as connection:
        stored = messages.with_content(connection, [one.message_id for one in new])
    assert [one.content["sequence"] for one in stored if one.delivered_at is None] == [1, 4]
    assert [one.delivered_at for one in stored if one.delivered_at] == [moment for _, moment in times]


def test_record_two_recorders_store_once(database: Database) -> None:
    with database.write() as connection:
        messages.record(connection, [new_message(0)])
    with database.write() as connection:
        again = new_message(0)._replace(content={"changed": True}, delivered_at=NOW)
        assert messages.record(connection, [again, new_message(1), new_message(2), new_message(1)]) == 2
        assert messages.record(connection, [again]) == 0
        assert messages.record(connection, []) == 0
        kept = messages.get(connection, again.message_id)
    assert kept is not None
    assert (kept.content, kept.delivered_at) == ({"sequence": 0}, None)


def test_record_concurrent_recorders_store_once(database: Database) -> None:
    together = threading.Barrier(4)

    def record(_: int) -> int:
        together.wait()
        with database.write() as connection:
            return messages.record(connection, [new_message(number) for number in range(50)])

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(record, range(4))) == 50


def test_record_any_foreign_message(database: Database) -> None:
    strange = [
        new_message(0, message_type="t" * 300, sender_agent="s\x00" * 90, content={"\x00": "\ud800"}),
        new_message(1, content_json='{"a": NaN, "b": 1e400000, "c": "\\u0000\\ud800"}', run_id="\ud800"),
        new_message(2, content="\x00\x01\udcff binary", queue_name="/topic/" + "q" * 200),
        new_message(3, content_json="[]", namespace="\u202e\U0001f600" * 80, correlation_id="\x1b[31m"),
    ]
    with database.write() as connection:
        assert messages.record(connection, strange) == 4
        stored = [messages.get(connection, one.message_id) for one in strange]
    assert [one.content for one in stored if one] == [
        {"\ufffd": "\ufffd"},
        {"a": None, "b": None, "c": "\ufffd\ufffd"},
        "\ufffd\x01\ufffd binary",
        [],
    ]
    assert stored[0] is not None
    assert stored[0].message_type == "t" * 50
    assert stored[3] is not None
    assert stored[3].correlation_id == "\x1b[31m"


@pytest.fixture
def stream(database: Database) -> Sequence[NewMessage]:
    """Sixty messages of two executions and four types, three at the same moment each time."""
    kinds = ("stf_gen", "stf_ready", "stf_gen", "end_run", "tf_file_registered")
    rows = [
        new_message(
            number,
            sent_at=NOW + (number // 3) * SECOND,
            message_type=kinds[number % 5],
            namespace=f"ns{number % 2}" if number % 7 else None,
            queue_name=("/topic/a", "/queue/b", None)[number % 3],
            execution_id=f"e{number % 2}" if number % 4 else None,
            run_id=str(100_010 + number % 3),
            sender_agent=f"agent{number % 2}",
        )
        for number in range(60)
    ]
    with database.write() as connection:
        messages.record(connection, rows)
    return rows


MESSAGE_FILTERS = {
    "all": MessageFilter(),
    "namespace": MessageFilter(namespace="ns1"),
    "execution": MessageFilter(execution_id="e1"),
    "run": MessageFilter(run_id="100011"),
    "type": MessageFilter(message_type="end_run"),
    "prefix": MessageFilter(message_type="stf_*"),
    "any type": MessageFilter(message_type="*"),
    "prefix of nothing": MessageFilter(message_type="zz*"),
    "sender": MessageFilter(sender="agent1"),
    "namespace and type": MessageFilter(namespace="ns0", message_type="stf_gen"),
    "execution and type": MessageFilter(execution_id="e0", message_type="stf_gen"),
    "execution and prefix": MessageFilter(execution_id="e1", message_type="stf_*"),
    "run and type": MessageFilter(run_id="100012", message_type="stf_ready"),
    "run and prefix": MessageFilter(run_id="100012", message_type="stf*"),
    "time": MessageFilter(since=NOW + 3 * SECOND, until=NOW + 9 * SECOND),
    "namespace or none": MessageFilter(namespace="ns1", or_no_namespace=True),
    "namespace or none and type": MessageFilter("ns1", message_type="stf_*", or_no_namespace=True),
    "destination": MessageFilter(destination="/topic/a"),
    "history of a tail": MessageFilter(
        "ns0", until=NOW + 9 * SECOND, destination="/queue/b", or_no_namespace=True
    ),
    "everything": MessageFilter("ns1", "e1", "100010", "stf_*", "agent1", NOW + SECOND, NOW + 18 * SECOND),
}


def agrees(row: NewMessage, wanted: MessageFilter) -> bool:
    kind = wanted.message_type
    fits = kind is None or (
        row.message_type.startswith(kind[:-1]) if kind[-1] == "*" else row.message_type == kind
    )
    equal = (
        (wanted.namespace, row.namespace or (wanted.namespace if wanted.or_no_namespace else None)),
        (wanted.destination, row.queue_name or wanted.destination),
        (wanted.execution_id, row.execution_id),
        (wanted.run_id, row.run_id),
        (wanted.sender, row.sender_agent),
    )
    in_time = (wanted.since or NOW) <= row.sent_at < (wanted.until or NOW + 99 * SECOND)
    return fits and in_time and all(asked in (None, there) for asked, there in equal)


@pytest.mark.parametrize("name", MESSAGE_FILTERS)
def test_message_pages_each_match_once_in_order(
    database: Database, stream: Sequence[NewMessage], name: str
) -> None:
    wanted = MESSAGE_FILTERS[name]
    expected = [row.message_id for row in stream if agrees(row, wanted)]
    with database.read() as connection:
        newest = walk(lambda after: messages.page(connection, wanted, after, 4))
        oldest = walk(lambda after: messages.page(connection, wanted, after, 7, newest_first=False))
        counted, capped = messages.count(connection, wanted), messages.count(connection, wanted, cap=3)
    assert [one.message_id for one in oldest] == expected
    assert [one.message_id for one in newest] == expected[::-1]
    assert (counted, capped) == (len(expected), min(3, len(expected)))


def test_message_page_many_types_of_one_prefix(
    database: Database, stream: Sequence[NewMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swf_console.backend.database.messages.FEW_TYPES", 1)
    wanted = MessageFilter(message_type="stf_*")
    with database.read() as connection:
        found = walk(lambda after: messages.page(connection, wanted, after, 5))
    assert [one.message_id for one in found] == [
        row.message_id for row in stream if row.message_type.startswith("stf_")
    ][::-1]


def test_message_types_and_counts(database: Database, stream: Sequence[NewMessage]) -> None:
    with database.read() as connection:
        kinds = messages.types(connection)
        counts = messages.counts(connection, "e1")
        assert messages.exists(connection, "e1", "end_run")
        assert not messages.exists(connection, "e1", "announcement")
        assert messages.types(connection, "absent") == []
    assert kinds == ["end_run", "stf_gen", "stf_ready", "tf_file_registered"]
    assert counts == {
        kind: sum(r.execution_id == "e1" and r.message_type == kind for r in stream) for kind in kinds
    }


# runs and their states


def test_run_state_replaced_counters_kept(database: Database) -> None:
    state = RunState(100_010, "physics", "run", "physics", 30, NOW, {"execution_id": "e"}, slices_created=99)
    with database.write() as connection:
        runs.upsert_run_state(connection, state)
        runs.upsert_run_state(connection, replace(state, substate=None, phase="ended", metadata=None))
        stored = runs.run_state(connection, 100_010)
        assert runs.run_state(connection, 1) is None
    assert stored == replace(state, substate=None, phase="ended", slices_created=0)


def test_run_state_late_or_twice_unchanged_completed_stays(
    database: Database,
) -> None:
    state = RunState(100_010, "physics", "run", "physics", 30, NOW)
    late = replace(state, phase="imminent", state_changed_at=NOW - SECOND)
    again = replace(state, phase="again")
    ended = replace(state, phase="ended", state_changed_at=NOW + SECOND, metadata={"execution_id": "e"})
    with database.write() as connection:
        runs.upsert_run_state(connection, state, unless_newer=True)
        for told in (late, again):
            runs.upsert_run_state(connection, told, unless_newer=True)
        assert runs.run_state(connection, 100_010) == state
        runs.upsert_run_state(connection, ended, unless_newer=True)
        assert runs.run_state(connection, 100_010) == ended
        for phase, seconds in ((runs.COMPLETED, 2), ("ended", 3)):
            told = replace(ended, phase=phase, state_changed_at=NOW + seconds * SECOND)
            runs.upsert_run_state(connection, told, unless_newer=True)
        stored = runs.run_state(connection, 100_010)
        assert [one.run_number for one in runs.states(connection).items] == [100_010]
    assert stored == replace(ended, phase=runs.COMPLETED, state_changed_at=NOW + 3 * SECOND)


def test_state_events_complete_in_order(database: Database) -> None:
    events = [
        StateEvent(NOW + (number // 2) * SECOND, 100_010, f"t{number}", "run", None, {"n": number})
        for number in range(9)
    ]
    with database.write() as connection:
        runs.insert_events(connection, events)
        runs.insert_events(connection, [replace(events[0], run_number=5)])
        runs.insert_events(connection, [])
    with database.read() as connection:
        found = walk(lambda after: runs.events(connection, 100_010, after, 2))
    assert [replace(one, event_id=None) for one in found] == events


def test_run_stored_once_ended_once(database: Database) -> None:
    with database.write() as connection:
        first = runs.ensure(connection, 100_010, NOW, {"beam": True})
        assert runs.ensure(connection, 100_010, NOW + SECOND) == first
        assert runs.finish(connection, 100_010, NOW + SECOND)
        assert not runs.finish(connection, 100_010, NOW + 2 * SECOND)
        assert runs.ensure(connection, 100_011, NOW).run_id == first.run_id + 1
        assert [run.run_number for run in walk(lambda after: runs.page(connection, after, 1))] == [
            100_011,
            100_010,
        ]


# agents, namespaces, logs


def test_heartbeat_changes_given_fields_only(database: Database) -> None:
    beat = Heartbeat("DAQ_Simulator-agent-me-1", "DAQ_Simulator", "OK", NOW, namespace="torre1", pid=7,
                     workflow_enabled=False, metadata={"queue": 1})  # fmt: skip
    with database.write() as connection:
        agents.heartbeat(connection, beat)
        agents.heartbeat(connection, Heartbeat(beat.instance_name, "STF_Datataking", "OK", NOW + SECOND))
        agent = agents.get(connection, beat.instance_name)
        assert agents.mark_exited(connection, beat.instance_name, NOW + 2 * SECOND)
        assert not agents.mark_exited(connection, "absent", NOW)
        gone = agents.get(connection, beat.instance_name)
    assert agent is not None
    assert gone is not None
    assert (agent.agent_type, agent.namespace, agent.pid) == ("STF_Datataking", "torre1", 7)
    assert (agent.workflow_enabled, agent.metadata) == (False, {"queue": 1})
    assert agent.last_heartbeat == NOW + SECOND
    assert (gone.status, gone.operational_state, gone.pid) == ("EXITED", "EXITED", None)


def test_agents_page_by_namespace_and_type(database: Database) -> None:
    with database.write() as connection:
        for number in range(6):
            kind, namespace = ("a", "b")[number % 2], f"ns{number % 3}"
            agents.heartbeat(connection, Heartbeat(f"agent-{number}", kind, "OK", NOW, namespace=namespace))
        everyone = walk(lambda after: agents.page(connection, after=after, limit=4))
        some = agents.page(connection, AgentFilter(namespace="ns1", agent_type="a")).items
    assert [one.instance_name for one in everyone] == [f"agent-{number}" for number in reversed(range(6))]
    assert [one.instance_name for one in some] == ["agent-4"]


def test_namespace_keeps_first_owner_and_counts(database: Database, definition: Definition) -> None:
    with database.write() as connection:
        first, created = namespaces.ensure(connection, "torre1", "wenauseic")
        again, created_again = namespaces.ensure(connection, "torre1", "other")
        namespaces.ensure(connection, "empty", "me")
        for number in range(3):
            executions.insert(connection, new_execution(definition, number))
        messages.record(connection, [new_message(number) for number in range(8)])
    assert (created, created_again, again) == (True, False, first)
    with database.read() as connection:
        listed = namespaces.listed(connection, cap=5)
    assert [(one.namespace.name, one.executions, one.messages, one.agents) for one in listed] == [
        ("empty", 0, 0, 0),
        ("torre1", 3, 5, 0),
    ]
    assert (listed[1].namespace.owner, listed[1].namespace.description) == ("wenauseic", "")


def test_logs_page_and_filter(database: Database) -> None:
    lines = [
        LogEntry(
            "swf",
            f"agent-{number % 2}",
            NOW + number * SECOND,
            (number % 3) * 10,
            "INFO",
            f"line {number}",
            thread=2**40,
            extra_data={"n": number},
        )
        for number in range(12)
    ]
    with database.write() as connection:
        logs.insert(connection, lines)
        logs.insert(connection, [])
        everything = walk(lambda after: logs.page(connection, LogFilter(), after, 5))
        some = logs.page(connection, LogFilter("swf", "agent-0", 10, NOW + SECOND, NOW + 9 * SECOND)).items
    assert [replace(one, id=None) for one in everything] == lines[::-1]
    assert [one.message for one in some] == ["line 8", "line 4", "line 2"]
