"""Execution ids drawn by eight processes at once: how many a second, and is each drawn once?

`python -m bench.identifiers COUNT` draws that many, a transaction each, once a line comes in on stdin.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .harness import Row, shown
from .stage import CHECKOUT, Home, Stage

TITLE = "Execution ids, each in a transaction of its own that is on the disk"
PROCESSES = 8
TARGETS = (("SQLite", 200), ("PostgreSQL", 1_000))


def rows(stage: Stage) -> list[Row]:
    """Both databases; the second needs its server."""
    return [_row(stage, name, target) for name, target in TARGETS]


def _row(stage: Stage, name: str, target: int) -> Row:
    each = stage.amount(1_000, 25)
    with _home(stage, name) as home:
        numbers, seconds = draw(home, each)
    rate = len(numbers) / seconds
    unique = len(set(numbers)) == len(numbers) == PROCESSES * each
    return Row(
        f"ids by {PROCESSES} processes, {name}",
        shown(rate, "/s"),
        "",
        None,
        f">= {target:,}/s",
        unique and rate >= target,
        f"{len(numbers):,} drawn, {len(set(numbers)):,} distinct",
    )


@contextmanager
def _home(stage: Stage, name: str) -> Iterator[Home]:
    if name == "SQLite":
        with stage.home() as home:
            yield home
        return
    with stage.postgresql.fresh_database() as url, stage.home(SWF_DATABASE_URL=url) as home:
        yield home


def draw(home: Home, each: int) -> tuple[list[int], float]:
    """All numbers, and the wall seconds from the common start to the last one."""
    environ = {**home.environ, "SWF_CONSOLE_HOME": str(home.path)}
    command = [sys.executable, "-m", "bench.identifiers", str(each)]
    processes = [
        subprocess.Popen(
            command, cwd=CHECKOUT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    began = time.monotonic()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate()[0].split() for process in processes]
    ended = max(float(words[0]) for words in told)
    return [int(word) for words in told for word in words[1:]], ended - began


def main(count: int) -> None:
    """Open the database, say so, and draw when told to."""
    from swf_console.backend.core.settings import load_settings
    from swf_console.backend.database import open_database, sequences

    database = open_database(load_settings().database_url)
    print("ready", flush=True)
    sys.stdin.readline()
    numbers = []
    for _ in range(count):
        with database.write() as connection:
            numbers.append(sequences.next_execution_number(connection))
    print(time.monotonic(), *numbers)
    database.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
