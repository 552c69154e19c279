"""The table."""

from collections.abc import Sequence

from .harness import Row

HEADINGS = ("what", "measured", "control", "ratio", "target", "")
VERDICTS = {True: "ok", False: "MISS", None: ""}


def show_rows(title: str, rows: Sequence[Row]) -> None:
    """Print rows under a title, columns aligned; their notes below each."""
    cells = [_cells(row) for row in rows]
    widths = [max(len(line[place]) for line in [HEADINGS, *cells]) for place in range(len(HEADINGS))]
    print(f"\n{title}")
    print(_line(HEADINGS, widths))
    for row, line in zip(rows, cells, strict=True):
        print(_line(line, widths))
        for text in row.note.splitlines():
            print(f"    {text}")


def show_verdict(rows: Sequence[Row]) -> None:
    """Say what was reached, missed and left out."""
    missed = [row.what for row in rows if row.ok is False]
    reached = sum(row.ok is True for row in rows)
    left_out = [row.what for row in rows if row.ok is None and row.target]
    print(f"\n{reached} reached, {len(missed)} missed, {len(left_out)} not measured")
    for heading, names in (("missed", missed), ("not measured", left_out)):
        for name in names:
            print(f"  {heading}: {name}")


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
    return (row.what, row.measured, row.control, ratio, row.target, VERDICTS[row.ok])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    return "  ".join(
        [first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
    ).rstrip()
