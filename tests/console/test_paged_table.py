"""The paged table over a computed list of any length."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from swf_console.widgets.table.columns import Column, fit, fitted
from swf_console.widgets.table.cursor import TableCursor
from swf_console.widgets.table.paged_table import PagedTable
from swf_console.widgets.table.rows import Cell, Count, ListSource, Row, RowPage, RowWindow

from .hosts import until

COLUMNS = (Column("name", "NAME", 12, least=6, grows=True), Column("state", "STATE", 8), Column("n", "N", 9))


class Numbers:
    """Rows numbered from `begin` upwards, `total` of them; the highest is the newest and comes first."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.states: dict[int, str] = {}
        self.gone: set[int] = set()
        self.trouble = ""
        self.open = threading.Event()
        self.open.set()
        self.asked: list[tuple[str | None, bool]] = []

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> RowPage:
        self.open.wait(20)
        if self.trouble:
            raise OSError(self.trouble)
        self.asked.append((after, backwards))
        step = 1 if backwards else -1
        at = (int(after) + step) if after is not None else (1 if backwards else self.total)
        rows: list[Row] = []
        while 1 <= at <= self.total and len(rows) < limit:
            if at not in self.gone:
                rows.append(self.row(at))
            at += step
        return RowPage(tuple(rows), 1 <= at <= self.total)

    def row(self, number: int) -> Row:
        cells = (Cell(f"row {number}"), Cell(self.states.get(number, "ok"), "ok"), Cell(str(number)))
        return Row(f"row-{number}", str(number), cells, number)

    def count(self) -> Count:
        return Count(min(self.total, 10_000), self.total < 10_000)


class TableApp(App[None]):
    def __init__(self, table: PagedTable) -> None:
        super().__init__()
        self.table = table
        self.opened: list[object] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_paged_table_opened(self, event: PagedTable.Opened) -> None:
        self.opened.append(event.row.value)


Steps = Callable[[Pilot[None], PagedTable], Awaitable[None]]


def use(
    source: Numbers | ListSource,
    steps: Steps,
    size: tuple[int, int] = (60, 22),
    *,
    loaded: bool = True,
) -> TableApp:
    table = PagedTable(COLUMNS, source, empty="No rows.\nMake one.")
    app = TableApp(table)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: table.loaded is loaded)
            await steps(pilot, table)

    asyncio.run(run())
    return app


def key_of(table: PagedTable) -> str | None:
    return table.row.key if table.row else None


def said(table: PagedTable) -> str:
    """All lines as one text."""
    return " ".join(line.strip() for line in lines_of(table))


def lines_of(table: PagedTable) -> list[str]:
    return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


def test_paged_table_first_rows_have_head_and_count() -> None:
    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        lines = lines_of(table)
        assert lines[0].split() == ["NAME", "STATE", "N"]
        assert lines[1].startswith("▌ row 500")
        assert lines[-1] == "  1-20 of 500"

    use(Numbers(500), steps)


def test_paged_table_last_row_needs_one_request_and_count_is_estimate() -> None:
    source = Numbers(1_000_000)

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        assert lines_of(table)[-1] == "  1-20 of 10,000+"
        source.asked.clear()
        await pilot.press("G")
        await until(pilot, lambda: key_of(table) == "row-1")
        assert source.asked[0] == (None, True)
        assert lines_of(table)[-1] == "  last of 10,000+"
        await pilot.press("pageup", "k")
        assert key_of(table) == "row-21"
        assert "before the last of" in lines_of(table)[-1]
        await pilot.press("g")
        await until(pilot, lambda: key_of(table) == "row-1000000")
        assert len(table._at.window.rows) < 1000

    use(source, steps)


def test_paged_table_long_scroll_keeps_only_rows_around_viewport() -> None:
    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        for _ in range(60):
            table.action_page(1)
            await until(pilot, lambda: not table._pager._calls.busy)
        assert len(table._at.window.rows) < 1000
        here = key_of(table)
        number = int(str(here).removeprefix("row-"))
        assert number == 100_000 - 60 * 19
        position = 100_000 - number + 1
        first, last = lines_of(table)[-1].split()[0].split("-")
        assert int(first.replace(",", "")) <= position <= int(last.replace(",", ""))
        for _ in range(70):
            table.action_page(-1)
            await until(pilot, lambda: not table._pager._calls.busy)
        assert key_of(table) == "row-100000"

    use(Numbers(100_000), steps)


def test_paged_table_new_rows_above_keep_cursor_on_row() -> None:
    source = Numbers(500)

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        await pilot.press("j", "j")
        assert key_of(table) == "row-498"
        source.total = 503
        table.refresh_rows()
        await until(pilot, lambda: table.shown[0].key == "row-503")
        assert key_of(table) == "row-498"
        source.total = 600
        table.refresh_rows()
        await until(pilot, lambda: table.total == Count(600))
        assert key_of(table) == "row-498"
        assert table.row in table.shown

    use(source, steps)


def test_paged_table_refresh_keeps_lower_viewport() -> None:
    source = Numbers(2000)

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        for _ in range(8):
            await pilot.press("pagedown")
            await until(pilot, lambda: not table._pager._calls.busy)
        shown, here = [row.key for row in table.shown], key_of(table)
        source.total = 2050
        source.states[int(shown[3].removeprefix("row-"))] = "changed"
        table.refresh_rows()
        await until(pilot, lambda: table.shown[3].cells[1].text == "changed")
        assert [row.key for row in table.shown] == shown
        assert key_of(table) == here
        assert "~" in lines_of(table)[-1]

    use(source, steps)


def test_paged_table_removed_row_moves_cursor_to_neighbour() -> None:
    source = Numbers(100)

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        await pilot.press("j", "j", "j")
        source.gone.add(97)
        table.refresh_rows()
        await until(pilot, lambda: key_of(table) == "row-96")

    use(source, steps)


def test_paged_table_unchanged_lines_are_not_repainted() -> None:
    source = Numbers(100)

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        await until(pilot, lambda: not table._pager._calls.busy)
        await pilot.pause()
        painted: list[int] = []
        render = table.render_line
        table.render_line = lambda y: painted.append(y) or render(y)  # type: ignore[method-assign, func-returns-value]
        asked = len(source.asked)
        table.refresh_rows()
        await until(pilot, lambda: len(source.asked) > asked and not table._pager._calls.busy)
        await pilot.pause()
        assert painted == []
        source.states[98] = "busy"
        table.refresh_rows()
        await until(pilot, lambda: table.shown[2].cells[1].text == "busy")
        await pilot.pause()
        assert set(painted) == {3}

    use(source, steps)


def test_paged_table_marks_outside_viewport_stay() -> None:
    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        await pilot.press("space", "j", "space")
        assert set(table.marked) == {"row-5000", "row-4998"}
        assert key_of(table) == "row-4997"
        await pilot.press("G")
        await until(pilot, lambda: key_of(table) == "row-1")
        assert set(table.marked) == {"row-5000", "row-4998"}
        assert "2 marked" in lines_of(table)[-1]
        await pilot.press("g")
        await until(pilot, lambda: key_of(table) == "row-5000")
        assert lines_of(table)[1].startswith("▌*")
        await pilot.press("space")
        assert set(table.marked) == {"row-4998"}

    use(Numbers(5000), steps)


def test_paged_table_search_continues_outside_window() -> None:
    source = Numbers(9000)
    source.states.update({8995: "failed", 3000: "failed"})

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        table.search("FAILED")
        assert key_of(table) == "row-8995"
        await pilot.press("n")
        await until(pilot, lambda: key_of(table) == "row-3000")
        assert table.row in table.shown
        await pilot.press("N")
        await until(pilot, lambda: key_of(table) == "row-8995")
        await pilot.press("n", "n")
        await until(pilot, lambda: "no further match" in lines_of(table)[-1])

    use(source, steps)


def test_paged_table_failing_source_keeps_rows_and_shows_reason() -> None:
    source = Numbers(50)

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        shown = [row.key for row in table.shown]
        source.trouble = "the disk is gone"
        table.refresh_rows()
        await until(pilot, lambda: table.stale)
        assert [row.key for row in table.shown] == shown
        assert "STALE 0 s · next try in" in said(table)
        assert "the disk is gone" in said(table)
        await pilot.press("j")
        assert key_of(table) == "row-49"
        source.trouble = ""
        await until(pilot, lambda: not table.stale)
        assert key_of(table) == "row-49"

    use(source, steps, size=(100, 22))


def test_paged_table_source_without_answer_shows_reason_wrapped() -> None:
    source = Numbers(50)
    source.trouble = "nothing listens at db.example.org:5432. Check that the server runs there"

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        await pilot.resize_terminal(40, 12)
        await until(pilot, lambda: "NOT READ YET" in lines_of(table)[2])
        assert "next try in" in said(table)
        assert source.trouble in said(table)
        assert "!: check all backends" in said(table)
        source.trouble = ""
        table.refresh_rows()
        await until(pilot, lambda: table.loaded and not table.stale)
        assert len(table.shown) == 10
        source.trouble = "nothing listens at db.example.org:5432. Check that the server runs there"
        table.refresh_rows()
        await until(pilot, lambda: table.stale)
        await pilot.press("G")
        await until(pilot, lambda: table.row is table.shown[-1])
        assert source.trouble in said(table)

    use(source, steps, loaded=False)


def test_paged_table_slow_source_does_not_block_keys() -> None:
    source = Numbers(50)

    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        source.open.clear()
        table.refresh_rows()
        await pilot.press("j", "j")
        assert key_of(table) == "row-48"
        await until(pilot, lambda: "STALE · no answer yet" in said(table))
        source.open.set()
        await until(pilot, lambda: not table.stale)

    use(source, steps)


def test_paged_table_empty_list_shows_next_step() -> None:
    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        assert [line.strip() for line in lines_of(table)[2:4]] == ["No rows.", "Make one."]
        await pilot.press("j", "G", "g", "space", "enter", "pagedown", "n")
        assert table.row is None

    use(ListSource([]), steps)


def test_paged_table_enter_and_double_click_open_row() -> None:
    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        await pilot.press("j", "enter")
        await pilot.click(PagedTable, offset=(5, 4), times=2)
        await pilot.pause()

    assert use(Numbers(50), steps).opened == [49, 47]


def test_paged_table_smaller_screen_keeps_cursor_and_drops_columns() -> None:
    async def steps(pilot: Pilot[None], table: PagedTable) -> None:
        for _ in range(15):
            await pilot.press("j")
        here = key_of(table)
        await pilot.resize_terminal(20, 10)
        await until(pilot, lambda: table.size.height == 10)
        assert key_of(table) == here
        assert table.row in table.shown
        assert lines_of(table)[0].split() == ["NAME", "STATE"]

    use(Numbers(50), steps)


def window_of(numbers: range, *, at_first: bool, at_last: bool = False) -> RowWindow:
    source = Numbers(10_000)
    return RowWindow([source.row(number) for number in numbers], at_first, at_last)


def test_table_cursor_rows_in_front_keep_viewport() -> None:
    at = TableCursor()
    window = window_of(range(50, 20, -1), at_first=False)
    at.take(window, None, 10)
    at.move_to(3, 10)
    source = Numbers(10_000)
    window.prepend(RowPage(tuple(source.row(number) for number in range(51, 61)), False))
    at.take(window, None, 10)
    assert (at.key, at.top) == ("row-47", 10)
    assert at.shown(10)[0].key == "row-50"


def test_table_cursor_viewport_at_beginning_stays() -> None:
    at = TableCursor()
    at.take(window_of(range(50, 0, -1), at_first=True, at_last=True), "first", 10)
    at.move_to(2, 10)
    at.take(window_of(range(55, 0, -1), at_first=True, at_last=True), None, 10)
    assert (at.key, at.top) == ("row-48", 0)
    at.take(window_of(range(65, 0, -1), at_first=True, at_last=True), None, 10)
    assert (at.key, at.top) == ("row-48", 8)


def test_fitted_narrow_width_shrinks_then_drops_columns() -> None:
    assert fitted(COLUMNS, 60) == [41, 8, 9]
    assert fitted(COLUMNS, 25) == [6, 8, 9]
    assert fitted(COLUMNS, 24) == [15, 8]
    assert fitted(COLUMNS, 3) == [3]
    assert fitted((COLUMNS[0], COLUMNS[2], COLUMNS[0]), 60) == [24, 9, 25]


def test_fit_wide_characters_are_cut_by_cells() -> None:
    assert fit("abc", 5) == "abc  "
    assert fit("abc", 5, right=True) == "  abc"
    assert fit("abcdef", 4) == "abc…"
    assert fit("日本語", 4) == "日 …"
    assert fit("a-0001", 5, tail=True) == "…0001"
    assert fit("x", 0) == ""
