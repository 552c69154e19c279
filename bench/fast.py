"""Fast mode: STFs a second of a run of 10,000, and which share of its slowest part alone that is."""

from collections.abc import Iterator
from contextlib import contextmanager

from . import parts
from .harness import Row, interleaved, median, shown
from .sampling import profile_run
from .stage import Home, Stage

TITLE = "Fast mode: delivered with receipts, recorded; whole processes from start to end"
WANTED_SHARE = 0.5
SETTINGS = (("embedded broker + SQLite", 3_000), ("ActiveMQ + PostgreSQL", 2_000))


def rows(stage: Stage) -> list[Row]:
    """Both settings; the second needs the services."""
    return [row for name, target in SETTINGS for row in _setting(stage, name, target)]


def _setting(stage: Stage, name: str, target: int) -> list[Row]:
    count = stage.amount(10_000, 300)
    with _home(stage, name) as home:
        home.run(10)
        taken = interleaved(
            stage.amount(7, 1),
            {
                "run": lambda: count / home.run(count)[0].wall,
                "without start-up": lambda: _without_start(home, count),
                **{part: _part(home, part, count) for part in parts.PARTS},
            },
        )
        rate = {candidate: median(values) for candidate, values in taken.items()}
        profile = profile_run(home, count)
    slowest = min(parts.PARTS, key=lambda part: rate[part])
    share = rate["without start-up"] / rate[slowest]
    alone = ", ".join(f"{part} {rate[part]:,.0f}/s" for part in parts.PARTS)
    return [
        Row(
            f"{count:,} STFs, {name}",
            shown(rate["run"], "/s"),
            "",
            None,
            f">= {target:,}/s",
            rate["run"] >= target,
        ),
        Row(
            f"share of the slowest part alone, {name}",
            shown(rate["without start-up"], "/s"),
            shown(rate[slowest], "/s"),
            share,
            f">= {WANTED_SHARE:g} x",
            share >= WANTED_SHARE,
            f"alone: {alone}; measured is the run without its start-up\n{profile}",
        ),
    ]


@contextmanager
def _home(stage: Stage, name: str) -> Iterator[Home]:
    with stage.embedded_home() if name == SETTINGS[0][0] else stage.server_home() as home:
        yield home


def _without_start(home: Home, count: int) -> float:
    """The rate from the execution's start to its recorded end, which the database tells."""
    from swf_console.backend.database import executions, open_database

    _, report = home.run(count)
    database = open_database(home.settings.database_url)
    try:
        with database.read() as connection:
            execution = executions.get(connection, report["execution_id"])
    finally:
        database.close()
    assert execution is not None
    assert execution.end_time is not None
    return count / (execution.end_time - execution.start_time).total_seconds()


def _part(home: Home, part: str, count: int) -> "parts.Part":
    return lambda: parts.measure_part(home, part, count)
