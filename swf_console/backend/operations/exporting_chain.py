"""What the processing chain left of a run, for its export: files, samples, slices, workers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..database import Connection, Database, chain_pages, file_reports, workers
from ..database.records.pages import Window
from ..database.sql.offset import Rows

PAGE = 500
SECTIONS = ("stf_files", "fastmon_files", "tf_slices", "workers")

Read = Callable[[Connection, Any], tuple[Sequence[Any], Any]]


def chain_of(database: Database, run_number: int) -> Mapping[str, Iterator[Any]]:
    """The rows of a run by the name of their section, read page by page as they are asked for."""

    def stf_files(connection: Connection, after: Any) -> tuple[Sequence[Any], Any]:
        wanted = chain_pages.StfFilter(run_number=run_number)
        page = chain_pages.stf_page(connection, wanted, after, PAGE)
        return page.items, page.next

    def tf_slices(connection: Connection, after: Any) -> tuple[Sequence[Any], Any]:
        wanted = chain_pages.SliceFilter(run_number=run_number)
        page = chain_pages.slice_page(connection, wanted, after, PAGE)
        return page.items, page.next

    samples, crew = _listing(file_reports.fastmon_rows, run_number), _listing(workers.rows, run_number)
    reads = (stf_files, samples, tf_slices, crew)
    return {name: _all(database, read) for name, read in zip(SECTIONS, reads, strict=True)}


def _listing(rows: Rows[Any], run_number: int) -> Read:
    def read(connection: Connection, after: Any) -> tuple[Sequence[Any], Any]:
        offset = after or 0
        items = rows.listed(connection, {"run_number": run_number}, Window(PAGE, offset)).items
        return items, offset + PAGE if len(items) == PAGE else None

    return read


def _all(database: Database, read: Read) -> Iterator[Any]:
    after: Any = None
    while True:
        with database.read() as connection:
            items, after = read(connection, after)
        yield from items
        if after is None:
            return
