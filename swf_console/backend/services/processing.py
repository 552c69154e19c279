"""Records of the processing chain: runs, STF files, TF slices, log lines."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from ..core.errors import UsageError
from ..database import Connection, Database, files, logs, runs, slices, stf_workflows
from ..database.records.agents import LogEntry, LogFilter
from ..database.records.pages import Page
from ..database.records.processing import (
    FastmonFile,
    NumberedStfFile,
    SliceFilter,
    Stage,
    StfFilter,
    StfWorkflow,
    TfSlice,
)
from ..database.records.workflows import Run, RunState, StateEvent

T = TypeVar("T")

EVENTS_SHOWN = 100
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A DAQ run, its current state with the counters of its slices, and its first hundred state events."""

    run: Run | None
    state: RunState | None
    events: tuple[StateEvent, ...]
    more_events: bool


@dataclass(frozen=True, slots=True)
class StfDetail:
    """An STF file with its processing state, the stages of the agents, and its TF samples."""

    file: NumberedStfFile
    way: StfWorkflow | None
    stages: tuple[Stage, ...] = field(default=())
    samples: tuple[FastmonFile, ...] = field(default=())


def list_runs(
    database: Database,
    after: str | None = None,
    limit: int = 50,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[Run]:
    """DAQ runs that started in [since, until), the highest number first."""
    return _read(database, lambda connection: runs.page(connection, after, limit, since=since, until=until))


def find_run(database: Database, run_number: int) -> RunDetail:
    """Everything about one DAQ run. Raises UsageError if the number is unknown."""
    with database.read() as connection:
        run = runs.find(connection, run_number)
        state = runs.run_state(connection, run_number)
        events = runs.events(connection, run_number, limit=EVENTS_SHOWN)
    if run is None and state is None and not events.items:
        raise UsageError(f"run not found: {run_number}", "List them: list_runs")
    return RunDetail(run, state, events.items, events.next is not None)


def list_stf_files(
    database: Database,
    *,
    run_number: int | None = None,
    status: str | None = None,
    machine_state: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[NumberedStfFile]:
    """STF files by name, descending."""
    wanted = StfFilter(run_number, status, machine_state, since, until)
    return _read(database, lambda connection: files.stf_page(connection, wanted, after, limit))


def find_stf_file(
    database: Database, *, file_id: str | None = None, stf_filename: str | None = None
) -> StfDetail:
    """An STF file by id or name. Raises UsageError if it is unknown, or not exactly one is given."""
    if (file_id is None) == (stf_filename is None):
        raise UsageError("exactly one of file_id and stf_filename is required", "Give one of them")
    rows = files.stf_rows
    with database.read() as connection:
        found = (
            rows.get(connection, _uuid(file_id))
            if file_id is not None
            else rows.named(connection, "stf_filename", stf_filename)
        )
        if found is None:
            raise UsageError(f"STF file not found: {file_id or stf_filename}", "List them: list_stf_files")
        return StfDetail(
            found,
            stf_workflows.find(connection, found.stf_filename),
            tuple(stf_workflows.stages_of(connection, found.stf_filename)),
            tuple(files.fastmon_files_of(connection, found.stf_filename)),
        )


def list_tf_slices(
    database: Database, wanted: SliceFilter, after: str | None = None, limit: int = 50
) -> Page[TfSlice]:
    """TF slices, the latest first."""
    if wanted.fastmon_file_id is not None:
        wanted = replace(wanted, fastmon_file_id=_uuid(wanted.fastmon_file_id))
    return _read(database, lambda connection: slices.page(connection, wanted, after, limit))


def find_tf_slice(database: Database, tf_filename: str, slice_id: int | None = None) -> TfSlice:
    """A slice by TF sample and number, or by the name of its file. Raises UsageError."""
    sample, number = slices.sample_of(tf_filename)
    if number is not None and slice_id is not None and number != slice_id:
        raise UsageError(f"{tf_filename} is slice {number}, not {slice_id}", "Leave slice_id out")
    wanted = number if slice_id is None else slice_id
    if wanted is None:
        raise UsageError(f"{tf_filename} is a TF sample with many slices", "Give slice_id")
    found = _read(database, lambda connection: slices.find(connection, sample, wanted))
    if found is None:
        raise UsageError(f"slice not found: {wanted} of {sample}", "List them: list_tf_slices")
    return found


def list_logs(
    database: Database, wanted: LogFilter, after: str | None = None, limit: int = 50
) -> Page[LogEntry]:
    """Log lines that programs reported, newest first."""
    return _read(database, lambda connection: logs.page(connection, wanted, after, limit))


def find_log_entry(database: Database, log_id: int) -> LogEntry:
    """One log line. Raises UsageError if the id is unknown."""
    found = _read(database, lambda connection: logs.get(connection, log_id))
    if found is None:
        raise UsageError(f"log line not found: {log_id}", "List them: list_logs")
    return found


def _read(database: Database, job: Callable[[Connection], T]) -> T:
    with database.read() as connection:
        return job(connection)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is not a file id, which is a UUID", "List them: list_stf_files"
        ) from None
