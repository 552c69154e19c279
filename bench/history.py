"""A week of history beside an empty database: does a run, or a listing, become slower?"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from .harness import Row, at_most, interleaved, median
from .seeding import seeded_file
from .stage import Home, Stage, embedded_broker, run_words

TITLE = "A week of history (100,000 executions, 1,000,000 messages) beside an empty database, SQLite"
SLOWER = 1.1
COMMANDS = {
    "a run of 10 STFs": run_words(10),
    "a run of 1,000 STFs": run_words(1_000),
    "executions list": ["executions", "list"],
    "messages list": ["messages", "list"],
}


def rows(stage: Stage) -> list[Row]:
    """Each command, its wall seconds and its CPU."""
    found = []
    with _full(stage) as full, stage.embedded_home() as empty:
        for what, words in COMMANDS.items():
            taken = interleaved(
                stage.amount(15, 2),
                {"full": partial(full.console, *words), "empty": partial(empty.console, *words)},
            )
            wall = {name: median([usage.wall for usage in usages]) for name, usages in taken.items()}
            cpu = {name: median([usage.cpu for usage in usages]) for name, usages in taken.items()}
            found.append(at_most(f"{what}, wall", wall["full"], wall["empty"], SLOWER, "s"))
            found.append(at_most(f"{what}, CPU", cpu["full"], cpu["empty"], SLOWER, "s"))
    return found


@contextmanager
def _full(stage: Stage) -> Iterator[Home]:
    file = seeded_file(stage.amount(100_000, 2_000), stage.amount(1_000_000, 20_000))
    with stage.home() as home:
        for old in home.settings.state_dir.glob("swf.db*"):
            old.unlink()
        shutil.copyfile(file, home.settings.state_dir / "swf.db")
        with embedded_broker(home):
            yield home
