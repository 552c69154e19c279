"""Slices, files and workers on both databases: the same rows and counters from every reporter."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from swf_console.backend.database import Database, files, run_counters, runs, slices, workers
from swf_console.backend.database.records.pages import Page
from swf_console.backend.database.records.processing import (
    Claim,
    NewFastmonFile,
    NewStfFile,
    NewTfSlice,
    SliceFilter,
    SliceResult,
    SliceStart,
)
from swf_console.backend.database.records.workflows import RunState

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
RUN, OTHER_RUN = 100_010, 100_011
SAMPLES = tuple(f"swf.{RUN}.000001_tf_{number:03d}.tf" for number in (1, 2, 3))
THEIRS = f"swf.{OTHER_RUN}.000001_tf_001.tf"
STATE = RunState(RUN, "physics", "run", "physics", 4, NOW, {"execution_id": "e"})


@pytest.fixture
def sampled(database: Database) -> Database:
    """The database with registered samples of two runs."""
    with database.write() as connection:
        for run_number, samples in ((RUN, SAMPLES), (OTHER_RUN, (THEIRS,))):
            stf = f"swf.{run_number}.000001.stf"
            files.register_stf_files(connection, [NewStfFile(stf, run_number, NOW)])
            new = [NewFastmonFile(sample, stf, 0, 9, 10) for sample in samples]
            files.register_fastmon_files(connection, new)
        run_counters.ensure(connection, STATE)
    return database


def new_slice(number: int, sample: str = SAMPLES[0], **changes: Any) -> NewTfSlice:
    return replace(NewTfSlice(sample, number, 0, 4, 5, RUN), **changes)


def result(number: int, sample: str = SAMPLES[0], identity: str = "first") -> SliceResult:
    return SliceResult(sample, number, identity, "worker-1", NOW, NOW)


def counted(connection: Connection) -> RunState:
    """The state as it is stored, which must be what is counted from the rows."""
    stored = runs.run_state(connection, RUN)
    assert stored is not None
    assert stored == run_counters.with_counters(connection, stored)
    return stored


def walk(turn: Callable[[str | None], Page[Any]]) -> list[Any]:
    items: list[Any] = []
    after: str | None = None
    while True:
        page = turn(after)
        items.extend(page.items)
        after = page.next
        if after is None:
            return items


def test_create_slice_once_with_or_without_known_sample(sampled: Database) -> None:
    with sampled.write() as connection:
        known = files.fastmon_ids(connection, SAMPLES)
        first = slices.create(connection, [new_slice(0), new_slice(0, status="failed"), new_slice(1)])
        again = slices.create(connection, [new_slice(1), new_slice(2, SAMPLES[1])], known)
        nothing = slices.create(connection, [new_slice(0, "unknown.tf")])
        assert slices.stored(connection, [new_slice(0)], known)[0].status == "queued"
        state = counted(connection)
    assert first == {(SAMPLES[0], 0), (SAMPLES[0], 1)}
    assert (again, nothing) == ({(SAMPLES[1], 2)}, set())
    assert (state.slices_created, state.slices_queued, state.stf_samples_received) == (3, 3, 2)


def test_slice_counters_equal_rows_for_any_report(sampled: Database) -> None:
    dice = random.Random(7)
    for _ in range(60):
        sample, number = dice.choice(SAMPLES), dice.randrange(4)
        with sampled.write() as connection:
            found = slices.find(connection, sample, number)
            match dice.randrange(5):
                case 0:
                    slices.create(connection, [new_slice(number, sample), new_slice(number + 1, sample)])
                case 1:
                    slices.begin(connection, [SliceStart(sample, number, "worker-1", NOW)])
                case 2:
                    slices.complete(connection, [result(number, sample)])
                case 3:
                    slices.fail(connection, result(number, sample, str(dice.random())))
                case 4 if found is not None:
                    status = dice.choice(["queued", "processing", "completed", "failed"])
                    slices.change(connection, found.id, {"status": status})
            counted(connection)


def test_run_completed_by_last_slice_of_any_report(sampled: Database) -> None:
    with sampled.write() as connection:
        slices.create(connection, [new_slice(0), new_slice(1)])
        slices.complete(connection, [result(0)])
        run_counters.ensure(connection, replace(STATE, phase="ended", state_changed_at=NOW.replace(hour=13)))
        run_counters.expect(connection, RUN, 1)
        assert counted(connection).phase == "ended"
        last = slices.find(connection, SAMPLES[0], 1)
        assert last is not None
        slices.change(connection, last.id, {"status": "completed"})
        assert counted(connection).phase == "completed"
        slices.change(connection, last.id, {"status": "queued"})
        assert counted(connection).phase == "ended"
        slices.complete(connection, [result(1)])
        assert counted(connection).phase == "completed"


def test_slices_start_and_complete_in_batches(sampled: Database) -> None:
    numbers = range(3)
    with sampled.write() as connection:
        slices.create(connection, [new_slice(number) for number in numbers])
        slices.complete(connection, [result(2)])
        slices.begin(connection, [SliceStart(SAMPLES[0], number, "worker-2", NOW) for number in numbers])
        state = counted(connection)
        assert (state.slices_queued, state.slices_processing, state.slices_completed) == (0, 2, 1)
        slices.complete(connection, [result(number) for number in numbers])
        assert counted(connection).slices_completed == 3


def test_phase_unchanged_while_samples_unknown(sampled: Database) -> None:
    with sampled.write() as connection:
        runs.state_rows.change(
            connection, RUN, {"phase": "completed", "metadata": {"expected_samples": "many"}}
        )
        slices.create(connection, [new_slice(0)])
        slices.complete(connection, [result(0)])
        run_counters.recount(connection, RUN)
        assert counted(connection).phase == "completed"


def test_run_state_after_slices_has_counters(sampled: Database) -> None:
    with sampled.write() as connection:
        slices.create(connection, [new_slice(0, THEIRS, run_number=OTHER_RUN)])
        run_counters.ensure(connection, replace(STATE, run_number=OTHER_RUN))
        state = runs.run_state(connection, OTHER_RUN)
    assert state is not None
    assert (state.slices_created, state.slices_queued, state.stf_samples_received) == (1, 1, 1)


def test_slice_moved_to_another_run_counted_in_both(sampled: Database) -> None:
    with sampled.write() as connection:
        run_counters.ensure(connection, replace(STATE, run_number=OTHER_RUN))
        slices.create(connection, [new_slice(0), new_slice(1)])
        found = slices.find(connection, SAMPLES[0], 0)
        assert found is not None
        slices.change(connection, found.id, {"run_number": OTHER_RUN})
        theirs = runs.run_state(connection, OTHER_RUN)
        assert counted(connection).slices_created == 1
    assert theirs is not None
    assert (theirs.slices_created, theirs.stf_samples_received) == (1, 1)


def test_workers_counted_foreign_workers_kept(sampled: Database) -> None:
    claim = Claim(RUN, ["w-1", "w-2"], "agent-1", "here", NOW, {})
    with sampled.write() as connection:
        runs.state_rows.change(connection, RUN, {"active_worker_count": 7})
        slices.create(connection, [new_slice(0)])
        assert counted(connection).active_worker_count == 7
        assert sorted(workers.claim(connection, claim, NOW - timedelta(minutes=1))) == ["w-1", "w-2"]
        assert workers.claim(connection, replace(claim, owner="agent-2"), NOW - timedelta(minutes=1)) == []
        assert counted(connection).active_worker_count == 2
        workers.end(connection, RUN, ["w-1"], NOW)
        assert counted(connection).active_worker_count == 1
        paged = walk(lambda after: workers.page(connection, RUN, after, 1))
    assert [one.worker_id for one in paged] == ["w-1", "w-2"]


def test_sample_and_slice_pages_each_row_once(sampled: Database) -> None:
    with sampled.write() as connection:
        slices.create(connection, [new_slice(number, sample) for sample in SAMPLES for number in range(3)])
        slices.create(connection, [new_slice(0, THEIRS, run_number=OTHER_RUN)])
        samples = walk(lambda after: files.fastmon_page(connection, RUN, after, 2))
        made = walk(lambda after: slices.page(connection, SliceFilter(run_number=RUN), after, 4))
        of_sample = walk(lambda after: slices.page(connection, SliceFilter(tf_filename=SAMPLES[1]), after, 2))
    assert sorted(one.tf_filename for one in samples) == list(SAMPLES)
    assert {(one.stf_filename, one.run_number) for one in samples} == {(f"swf.{RUN}.000001.stf", RUN)}
    newest_first = sorted(samples, key=lambda one: (one.created_at, one.tf_filename), reverse=True)
    assert samples == newest_first
    assert [(one.fastmon_file, one.slice_id) for one in reversed(made)] == [
        (sample, number) for sample in SAMPLES for number in range(3)
    ]
    assert {one.fastmon_file for one in of_sample} == {SAMPLES[1]}
    assert [one.slice_id for one in of_sample] == [2, 1, 0]
