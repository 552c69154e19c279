"""The Executions screen over SQLite with a thousand, a hundred thousand and a million rows."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from .console import OPEN, READY
from .harness import Row, median, percentile, shown
from .seeding import seeded_file
from .stage import CONSOLE, Home, Stage, embedded_broker
from .terminal import Terminal

TITLE = "The Executions screen, SQLite, 160x50; the control is the same at 1,000 rows"
SMALL = 1_000
GROWTH = 1.3
BETWEEN_KEYS = 0.08
CURSOR = "▌"
HOME, DOWN, PAGE_DOWN, PAGE_UP, END = "g", "j", "\x1b[6~", "\x1b[5~", "G"

Taken = Mapping[int, list[float]]


def rows(stage: Stage) -> list[Row]:
    """Opened anew; a page, a step of the cursor, and the end, each at every size."""
    sizes = (SMALL, *stage.amounts((100_000, 1_000_000), (2_000, 20_000)))
    with ExitStack() as stack:
        homes = {size: stack.enter_context(_seeded(stage, size)) for size in sizes}
        for home in homes.values():
            _remember_all(home)
        opened = _opened(homes, stage.amount(7, 2))
        terminals = {size: stack.enter_context(_at_list(home)) for size, home in homes.items()}
        pages = _pressed(terminals, stage.amount(120, 12), _page)
        steps = _pressed(terminals, stage.amount(120, 12), _step)
        ends = _pressed(terminals, stage.amount(12, 3), _end)
    return [
        *_rows("opened", opened, 0.3, 1.0),
        *_rows("a page", pages, 0.05, 0.99),
        *_rows("a step of the cursor", steps, 0.05, 0.99),
        *_rows("to the end", ends, 0.3, 1.0),
    ]


def _rows(what: str, taken: Taken, limit: float, share: float) -> Iterator[Row]:
    """Of every size the figure that has a limit; of those above the smallest the ratio of medians too."""
    spelled = "longest" if share == 1.0 else f"p{share * 100:.0f}"
    control = median(taken[SMALL])
    for size, delays in taken.items():
        most, middle = percentile(delays, share), median(delays)
        yield Row(
            f"{what}, {size:,} rows: {spelled}",
            shown(most, "s"),
            target=f"< {shown(limit, 's')}",
            ok=most < limit,
        )
        if size != SMALL:
            ratio = middle / control
            yield Row(
                f"{what}, {size:,} rows: median",
                shown(middle, "s"),
                shown(control, "s"),
                ratio,
                f"<= {GROWTH:g} x",
                ratio <= GROWTH,
            )


def _opened(homes: Mapping[int, Home], repetitions: int) -> Taken:
    """From the key to the newest row, each time in a new console."""

    def opened(home: Home, size: int) -> float:
        with Terminal([CONSOLE, *OPEN], cwd=home.path, env=home.environ) as terminal:
            _at_overview(terminal)
            delay = terminal.answer("4", _id(size - 1))
            terminal.answer("1", "No execution is running")
            return delay

    taken: dict[int, list[float]] = {size: [] for size in homes}
    for _ in range(repetitions):
        for size, home in homes.items():
            taken[size].append(opened(home, size))
    return taken


def _pressed(
    terminals: Mapping[int, Terminal], repetitions: int, press: Callable[[Terminal, int], float]
) -> Taken:
    for terminal in terminals.values():
        terminal.press(HOME)
    time.sleep(1)
    taken: dict[int, list[float]] = {size: [] for size in terminals}
    for turn in range(repetitions):
        for size, terminal in terminals.items():
            taken[size].append(press(terminal, turn))
    return taken


def _page(terminal: Terminal, turn: int) -> float:
    """Ten pages down, ten pages up."""
    delay = terminal.answer(PAGE_UP if turn // 10 % 2 else PAGE_DOWN, " of ")
    time.sleep(BETWEEN_KEYS)
    return delay


def _step(terminal: Terminal, _turn: int) -> float:
    delay = terminal.answer(DOWN, CURSOR)
    time.sleep(BETWEEN_KEYS)
    return delay


def _end(terminal: Terminal, _turn: int) -> float:
    delay = terminal.answer(END, _id(0))
    terminal.press(HOME)
    time.sleep(0.5)
    return delay


@contextmanager
def _seeded(stage: Stage, size: int) -> Iterator[Home]:
    with stage.home() as home:
        for old in home.settings.state_dir.glob("swf.db*"):
            old.unlink()
        shutil.copyfile(seeded_file(size, SMALL), home.settings.state_dir / "swf.db")
        with embedded_broker(home):
            yield home


def _remember_all(home: Home) -> None:
    """Leave a console whose list shows every namespace: the next one begins with that, at its overview."""
    with Terminal([CONSOLE, *OPEN], cwd=home.path, env=home.environ) as terminal:
        _at_overview(terminal)
        terminal.answer("4", "namespace=bench")
        time.sleep(0.5)
        terminal.answer("\x1b", "all namespaces")
        terminal.answer("1", "No execution is running")


@contextmanager
def _at_list(home: Home) -> Iterator[Terminal]:
    with Terminal([CONSOLE, *OPEN], cwd=home.path, env=home.environ) as terminal:
        _at_overview(terminal)
        terminal.answer("4", " of ")
        time.sleep(0.5)
        yield terminal


def _at_overview(terminal: Terminal) -> None:
    terminal.wait_for(READY, "No execution is running")
    time.sleep(0.5)


def _id(number: int) -> str:
    return f"seeded-{number:09d}"
