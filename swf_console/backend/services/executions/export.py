"""An execution with all its rows as one JSON document, written page by page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...core import strict_json
from ...core.errors import UsageError
from ...core.files import atomic_write
from ...core.format import iso
from ...core.settings import Settings
from ...database import Connection, Database, definitions, files, messages, runs, slices, workers
from ...database.records.messages import MessageFilter, MessageRecord
from ...database.records.pages import Page
from ...database.records.processing import SliceFilter, StfFilter
from ...database.records.workflows import Execution, StateEvent
from .queries import belongs, find_execution, run_number_of
from .recovery import sweep

SECTIONS = ("stf_files", "fastmon_files", "tf_slices", "workers")


def chain_of(database: Database, run_number: int) -> Mapping[str, Iterator[Any]]:
    """The rows of a run by section, read page by page as they are consumed."""
    stfs, its_slices = StfFilter(run_number=run_number), SliceFilter(run_number=run_number)
    reads: tuple[Callable[[Connection, str | None], Page[Any]], ...] = (
        lambda connection, after: files.stf_page(connection, stfs, after, PAGE),
        lambda connection, after: files.fastmon_page(connection, run_number, after, PAGE),
        lambda connection, after: slices.page(connection, its_slices, after, PAGE),
        lambda connection, after: workers.page(connection, run_number, after, PAGE),
    )
    return {name: _all(database, read) for name, read in zip(SECTIONS, reads, strict=True)}


def _all(database: Database, read: Callable[[Connection, str | None], Page[Any]]) -> Iterator[Any]:
    after: str | None = None
    while True:
        with database.read() as connection:
            page = read(connection, after)
        yield from page.items
        after = page.next
        if after is None:
            return


SCHEMA_VERSION = 1
PAGE = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """The file that was written and its size."""

    execution_id: str
    file: str
    messages: int
    bytes: int


class ExecutionExport:
    """The document of one execution; `messages` counts the messages written so far.

    Raises UsageError for an unknown execution.
    """

    def __init__(self, settings: Settings, database: Database, execution_id: str) -> None:
        sweep(settings, database)
        self._database = database
        self.execution = find_execution(database, execution_id)
        self.messages = 0

    def pieces(self) -> Iterator[str]:
        """The document's text, piece by piece."""
        execution = self.execution
        with self._database.read() as connection:
            definition = definitions.get(connection, execution.workflow_definition_id)
        yield f'{{"schema_version": {SCHEMA_VERSION}, "exported_at": {_json(datetime.now(UTC))},\n'
        yield f'"execution": {_json(asdict(execution))},\n'
        yield f'"definition": {_json(asdict(definition) if definition else None)},\n'
        yield from _run(self._database, execution)
        yield '"messages": ['
        for message in all_messages(self._database, MessageFilter(execution_id=execution.execution_id)):
            yield f"{',' if self.messages else ''}\n {_json(asdict(message))}"
            self.messages += 1
        yield "]}\n"

    def write(self, file: Path) -> Exported:
        """Write the document to `file`, completely or not at all. Raises UsageError."""
        try:
            size = write_whole(file, self.pieces())
        except OSError as error:
            raise UsageError(
                f"{file}: cannot be written: {error.strerror}", "Choose another file with --output"
            ) from error
        return Exported(self.execution.execution_id, str(file), self.messages, size)


def write_whole(file: Path, pieces: Iterator[str]) -> int:
    """Write text to a temporary file and rename it to `file`; returns the bytes written."""
    if file.is_dir():
        raise IsADirectoryError(None, "is a directory")
    with atomic_write(file, 0o666, durable=True) as target:
        for piece in pieces:
            target.write(piece.encode())
        return target.tell()


def _run(database: Database, execution: Execution) -> Iterator[str]:
    number = run_number_of(database, execution)
    if number is None:
        yield '"run_state": null,\n"state_events": [],\n'
        yield "".join(f'"{name}": [],\n' for name in SECTIONS)
        return
    with database.read() as connection:
        state = runs.run_state(connection, number)
    yield f'"run_state": {_json(asdict(state) if state else None)},\n"state_events": ['
    yield from _rows(_events(database, number, execution.execution_id))
    for name, rows in chain_of(database, number).items():
        yield f'"{name}": ['
        yield from _rows(rows)


def _rows(rows: Iterator[Any]) -> Iterator[str]:
    separator = ""
    for row in rows:
        yield f"{separator}\n {_json(asdict(row))}"
        separator = ","
    yield "],\n"


def _events(database: Database, number: int, execution_id: str) -> Iterator[StateEvent]:
    after = None
    while True:
        with database.read() as connection:
            page = runs.events(connection, number, after)
        yield from (event for event in page.items if belongs(event, execution_id))
        after = page.next
        if after is None:
            return


def all_messages(database: Database, wanted: MessageFilter) -> Iterator[MessageRecord]:
    """Every matching message with its content, oldest first; one page is in memory at a time."""
    after = None
    while True:
        with database.read() as connection:
            page = messages.page(connection, wanted, after, PAGE, newest_first=False)
            found = messages.with_content(connection, [each.message_id for each in page.items])
        yield from found
        after = page.next
        if after is None:
            return


def _json(value: Any) -> str:
    return strict_json.dumps(value, default=_jsonable)


def _jsonable(value: Any) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
