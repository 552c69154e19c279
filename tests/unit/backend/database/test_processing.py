"""Rows of the processing chain: once for each natural key, and never backwards."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from swf_console.backend.database import (
    Database,
    definitions,
    executions,
    files,
    messages,
    open_database,
    runs,
    stf_workflows,
)
from swf_console.backend.database.records.messages import NewMessage
from swf_console.backend.database.records.processing import (
    NewFastmonFile,
    NewStfFile,
    NewStfWorkflow,
    StageWork,
    StfFilter,
)
from swf_console.backend.database.records.workflows import NewDefinition, NewExecution
from tests.support.snapshots import stf_counts

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OF_RUN = StfFilter(run_number=100010)
NAMES = tuple(f"swf.100010.{n:06d}.stf" for n in (1, 2, 3))


@pytest.fixture
def database() -> Iterator[Database]:
    opened = open_database("sqlite://")
    yield opened
    opened.close()


def stf(name: str, **values: int) -> NewStfFile:
    return NewStfFile(name, 100010, NOW, metadata={"n": 1}, run_conditions={"a": 1}, **values)  # type: ignore[arg-type]


def way(name: str) -> NewStfWorkflow:
    return NewStfWorkflow(name, NOW, NOW, NOW, "demo", "e-1", "100010")


def stage(name: str, kind: str = "data", **values: object) -> StageWork:
    return StageWork(name, f"{kind}-agent-alice-1", kind, NOW, {"in": 1}, **values)  # type: ignore[arg-type]


def register(database: Database, names: Sequence[str] = NAMES) -> None:
    with database.write() as connection:
        files.register_stf_files(connection, [stf(name) for name in names])
        stf_workflows.register(connection, [way(name) for name in names])


def test_stf_registered_once_with_run(database: Database) -> None:
    register(database)
    with database.write() as connection:
        files.register_stf_files(
            connection, [stf(NAMES[0], file_size_bytes=7), stf(NAMES[0], file_size_bytes=8)]
        )
    with database.read() as connection:
        page = files.stf_page(connection, OF_RUN)
        run = runs.find(connection, 100010)
        found = stf_workflows.find(connection, NAMES[0])
    assert [each.stf_filename for each in page.items] == list(reversed(NAMES))
    assert run is not None
    assert {each.run_id for each in page.items} == {run.run_id}
    assert run.run_conditions == {"a": 1}
    assert {each.run_number for each in page.items} == {100010}
    assert page.items[-1].file_size_bytes is None
    assert found is not None
    assert (found.file_id, found.execution_id) == (page.items[-1].file_id, "e-1")


def test_stf_page_unknown_run_is_empty(database: Database) -> None:
    with database.read() as connection:
        assert files.stf_page(connection, StfFilter(run_number=7)).items == ()
        assert files.fastmon_page(connection, 7).items == ()
        assert files.stf_rows.named(connection, "stf_filename", "nothing") is None
        assert stf_workflows.find(connection, "nothing") is None


def test_status_only_moves_forward(database: Database) -> None:
    register(database)
    for status in ("processed", "processing", "registered", "no such status"):
        with database.write() as connection:
            files.advance_stf_files(
                connection, [(NAMES[0], status), (NAMES[1], "processing"), ("unknown", status)]
            )
    with database.read() as connection:
        page = files.stf_page(connection, OF_RUN)
    assert [each.status for each in page.items] == ["registered", "processing", "processed"]


@pytest.mark.parametrize("kinds", [("data", "fastmon", "processing"), ("processing", "fastmon", "data")])
def test_stf_workflow_final_status_independent_of_order(database: Database, kinds: Sequence[str]) -> None:
    register(database)
    for kind in (*kinds, *kinds):
        with database.write() as connection:
            stf_workflows.begin_stages(connection, [stage(NAMES[0], kind)])
        with database.write() as connection:
            last = kind == "processing"
            stf_workflows.complete_stages(connection, [stage(NAMES[0], kind, seconds=0.5, last=last)])
            stf_workflows.begin_stages(connection, [stage(NAMES[0], kind)])
    with database.read() as connection:
        found = stf_workflows.find(connection, NAMES[0])
        stages = stf_workflows.stages_of(connection, NAMES[0])
        counts = stf_counts(connection, "e-1")
    assert found is not None
    assert (found.current_status, found.current_agent) == ("processing_complete", "processing")
    assert found.completed_at is not None
    assert [each.agent_type for each in stages] == list(kinds)
    assert {each.status for each in stages} == {f"{kind}_complete" for kind in kinds}
    assert {each.processing_time_seconds for each in stages} == {0.5}
    assert counts == {"processing_complete": 1, "generated": 2}


def test_stage_complete_stays_unchanged(database: Database) -> None:
    register(database)
    for seconds in (1.0, 2.0):
        with database.write() as connection:
            work = stage(NAMES[0], seconds=seconds, output_message={"seconds": seconds})
            stf_workflows.complete_stages(connection, [work])
    with database.read() as connection:
        (only,) = stf_workflows.stages_of(connection, NAMES[0])
    assert (only.processing_time_seconds, only.output_message) == (1.0, {"seconds": 1.0})
    assert only.input_message == {"in": 1}


def test_stage_of_custom_agent_type(database: Database) -> None:
    register(database)
    with database.write() as connection:
        stf_workflows.complete_stages(connection, [stage(NAMES[0], "quality")])
    with database.read() as connection:
        found = stf_workflows.find(connection, NAMES[0])
        (only,) = stf_workflows.stages_of(connection, NAMES[0])
    assert found is not None
    assert found.current_status == "generated"
    assert only.status == "quality_complete"


def test_tf_sample_registered_once_with_stf(database: Database) -> None:
    register(database)
    sample = NewFastmonFile("swf.100010.000001_tf_001.tf", NAMES[0], 3, 12, 10, metadata={"a": 1})
    for _ in range(2):
        with database.write() as connection:
            files.register_fastmon_files(connection, [sample])
    with database.read() as connection:
        (only,) = files.fastmon_files_of(connection, NAMES[0])
        found = files.fastmon_page(connection, 100010).items
        parent = files.stf_rows.named(connection, "stf_filename", NAMES[0])
    assert parent is not None
    (named,) = found
    assert (named.tf_file_id, named.stf_filename, named.run_number) == (only.tf_file_id, NAMES[0], 100010)
    assert (only.tf_file_id, only.stf_file_id) == (files.fastmon_id(sample.tf_filename), parent.file_id)
    assert (only.tf_first, only.tf_last, only.tf_count, only.status) == (3, 12, 10, "registered")


def test_backfill_messages_whole_and_in_order(database: Database) -> None:
    with database.write() as connection:
        definition = definitions.ensure(connection, NewDefinition("w", "1", "custom", "", {}, "alice"))
        for name, namespace in (
            ("runs", "demo"),
            ("ended", "demo"),
            ("long ago", "demo"),
            ("theirs", "other"),
        ):
            new = NewExecution(name, definition.id, namespace, {}, "alice", NOW)
            executions.insert(connection, new)
        for name, ago in (("ended", 1), ("long ago", 60)):
            executions.finish(connection, name, status="completed", end_time=NOW - timedelta(minutes=ago))
        rows = [
            NewMessage(
                message_id=f"00000000-0000-0000-0000-{n:012d}",
                message_type="stf_gen" if n % 2 else "other",
                sent_at=NOW + timedelta(seconds=10 - n),
                content={"n": n},
                namespace="demo",
                execution_id="runs",
                queue_name="/topic/a" if n < 8 else "/topic/b",
            )
            for n in range(10)
        ]
        messages.record(connection, rows)
    with database.read() as connection:
        recent = executions.recent(connection, "demo", NOW - timedelta(minutes=10))
        first = messages.backfill(connection, "runs", ["stf_gen"], ["/topic/a"], limit=3)
        rest = messages.backfill(connection, "runs", ["stf_gen"], ["/topic/a"], first.next, limit=3)
    assert sorted(recent) == ["ended", "runs"]
    assert [each.content["n"] for each in (*first.items, *rest.items)] == [7, 5, 3, 1]
    assert rest.next is None
