"""Reads the rows around the viewport of a table, one request at a time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from textual.widget import Widget

from ..worker import BlockingCall
from .rows import Count, PageSource, Row, RowPage, RowWindow

T = TypeVar("T")

LEAST_PAGE = 100
# rows that the window keeps on each side of the viewport
WINDOW_MARGIN = 500
SEARCH_PAGE = 500
MAX_SEARCHED = 20_000
# after this time without an answer the rows are marked as stale
OVERDUE_SECONDS = 3.0
RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(frozen=True, slots=True)
class Viewport:
    """The visible part of the window: index of the first row, number of rows, the row under the cursor."""

    top: int
    height: int
    cursor: Row | None = None


class Pager:
    """Keeps a window of a source's rows; reads in the background.

    `changed(window, jumped)` is called in the widget's thread with each new window; `jumped` is the requested
    end (`first`, `last`) or the key of the found row, and None if the cursor stays on its row.
    """

    def __init__(
        self,
        owner: Widget,
        view: Callable[[], Viewport],
        changed: Callable[[RowWindow, str | None], None],
        note: Callable[[str], None],
    ) -> None:
        self._view, self._changed, self._note = view, changed, note
        self._calls = BlockingCall(owner, "pages")
        self.source: PageSource | None = None
        self.window = RowWindow()
        self.total: Count | None = None
        self.answered_at: float | None = None
        self.trouble = ""
        self.retry_at = 0.0
        self._failures = 0
        self._generation = 0
        self._jump: str | None = None
        self._due = False
        self._search: tuple[str, bool] | None = None

    @property
    def loaded(self) -> bool:
        """Whether the source has answered."""
        return self.answered_at is not None

    @property
    def overdue(self) -> float:
        """Seconds since the request that is under way was sent, if more than OVERDUE_SECONDS; else 0."""
        return self._calls.seconds if self._calls.seconds > OVERDUE_SECONDS else 0.0

    def show(self, source: PageSource) -> None:
        """Read another source; the old rows stay until its first answer."""
        self.source = source
        self._generation += 1
        self._search = None
        self.retry_at, self._failures = 0.0, 0
        self.jump("first")

    def swap(self, source: PageSource) -> None:
        """Read a newer version of the same list: cursor and viewport stay on their rows."""
        self.source = source
        self._generation += 1
        self.retry()

    def jump(self, end: str) -> None:
        """Go to the `first` or the `last` row."""
        self._jump = end
        self.go()

    def refresh(self) -> None:
        """Read the visible rows again; after a failure not before the retry time."""
        self._due = True
        self.go()

    def retry(self) -> None:
        """Read again now, without waiting for the retry time."""
        self.retry_at = 0.0
        self.refresh()

    def search(self, text: str, *, backwards: bool) -> None:
        """Search for a row beyond the window."""
        self._search = (text, backwards)
        self.go()

    def go(self) -> None:
        """Send the most urgent request, unless one is under way."""
        if self._calls.busy or self.source is None or time.monotonic() < self.retry_at:
            return
        self._send_next(self.source, self._view())

    def _send_next(self, source: PageSource, view: Viewport) -> None:
        window, limit = self.window, max(LEAST_PAGE, 3 * view.height)
        if self._jump:
            end = self._jump
            backwards = end == "last"
            self._send(lambda: _ended(source, limit, backwards=backwards), partial(self._jumped, end))
        elif self._search:
            text, backwards = self._search
            edge = window.rows[0 if backwards else -1].cursor if window.rows else None
            self._send(
                lambda: _searched(source, edge, text, backwards=backwards),
                partial(self._search_ended, text, backwards),
            )
        elif window.rows and not window.at_last and len(window.rows) - view.top < 3 * view.height:
            last = window.rows[-1].cursor
            self._send(lambda: source.page(last, limit), self._append_page)
        elif window.rows and not window.at_first and view.top < 2 * view.height:
            first = window.rows[0].cursor
            self._send(lambda: source.page(first, limit, backwards=True), self._prepend_page)
        elif self._due:
            self._send_refresh(source, view, limit)

    def _send_refresh(self, source: PageSource, view: Viewport, limit: int) -> None:
        kept = max(0, min(view.top - view.height, len(self.window.rows)))
        if not self.window.rows or kept == 0:
            self._send(lambda: _beginning(source, limit, view.cursor), self._reloaded)
            return
        edge = self.window.rows[kept - 1].cursor
        self._send(lambda: _after(source, edge, limit), partial(self._refreshed, kept))

    def _send(self, call: Callable[[], T], then: Callable[[T], None]) -> None:
        # an answer for a source that was replaced meanwhile is ignored
        generation = self._generation

        def arrived(answer: T) -> None:
            if generation == self._generation:
                self.trouble, self._failures, self.retry_at = "", 0, 0.0
                self.answered_at = time.monotonic()
                then(answer)
            self.go()

        self._calls.start(call, arrived, partial(self._failed, generation))

    def _failed(self, generation: int, error: Exception) -> None:
        if generation == self._generation:
            self.trouble = str(error) or type(error).__name__
            self.retry_at = time.monotonic() + RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
            self._failures += 1
            self._changed(self.window, None)
        self.go()

    def _jumped(self, end: str, answer: "_End") -> None:
        if self._jump == end:
            self._jump = None
        page, self.total, self._due = answer.page, answer.total, False
        if end == "first":
            self.window = RowWindow(list(page.rows), True, not page.more, 0)
        else:
            known = self.total.exact or not page.more
            before = max(0, self.total.number - len(page.rows)) if known else None
            self.window = RowWindow(list(reversed(page.rows)), not page.more, True, before)
        self._changed(self.window, end)

    def _reloaded(self, answer: "_End") -> None:
        self.total, self._due = answer.total, False
        before = 0 if answer.first else None
        self.window = RowWindow(list(answer.page.rows), answer.first, not answer.page.more, before)
        self._changed(self.window, None)

    def _refreshed(self, kept: int, answer: "_End") -> None:
        self.total, self._due = answer.total, False
        self.window = self.window.renew(kept, answer.page)
        self._changed(self.window, None)

    def _append_page(self, page: RowPage) -> None:
        self.window.append(page)
        self.window.trim(self._view().top - WINDOW_MARGIN, len(self.window.rows))
        self._changed(self.window, None)

    def _prepend_page(self, page: RowPage) -> None:
        view = self._view()
        shifted = self.window.prepend(page)
        self.window.trim(0, shifted + view.top + view.height + WINDOW_MARGIN)
        self._changed(self.window, None)

    def _search_ended(self, text: str, backwards: bool, found: "_Found") -> None:
        self._search = None
        if found.row is None:
            whole = found.checked < MAX_SEARCHED
            self._note(
                f"no further match: {text}" if whole else f"no match in {found.checked:,} rows: {text}"
            )
            return
        rows = list(reversed(found.page.rows)) if backwards else list(found.page.rows)
        self.window = RowWindow(rows, False, False, None, False)
        self._changed(self.window, found.row.key)


@dataclass(frozen=True, slots=True)
class _End:
    page: RowPage
    total: Count
    first: bool = True


@dataclass(frozen=True, slots=True)
class _Found:
    page: RowPage
    row: Row | None
    checked: int


def _ended(source: PageSource, limit: int, *, backwards: bool) -> _End:
    return _End(source.page(None, limit, backwards=backwards), source.count())


def _beginning(source: PageSource, limit: int, cursor: Row | None) -> _End:
    """The first page; if the cursor's row is not on it (many new rows), the page from that row on."""
    page, total = source.page(None, limit), source.count()
    if cursor is None or any(row.key == cursor.key for row in page.rows):
        return _End(page, total)
    following = source.page(cursor.cursor, limit)
    edge = following.rows[0].cursor if following.rows else None
    itself = source.page(edge, 1, backwards=True).rows
    if itself and itself[0].key == cursor.key:
        return _End(RowPage((*itself, *following.rows), following.more), total, first=False)
    return _End(page, total)


def _after(source: PageSource, edge: str, limit: int) -> _End:
    return _End(source.page(edge, limit), source.count())


def _searched(source: PageSource, after: str | None, text: str, *, backwards: bool) -> _Found:
    checked = 0
    while checked < MAX_SEARCHED:
        page = source.page(after, SEARCH_PAGE, backwards=backwards)
        checked += len(page.rows)
        row = next((row for row in page.rows if row.contains(text)), None)
        if row or not page.more:
            return _Found(page, row, checked)
        after = page.rows[-1].cursor
    return _Found(RowPage((), False), None, checked)
