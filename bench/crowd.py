"""Eight runners started at once, twenty times over: does each execution have its own id and run number?"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import Any

from .harness import Row
from .stage import CONSOLE, Home, Stage, embedded_broker, run_words

TITLE = "Eight runners at once, twenty times over"
RUNNERS = 8
DATABASES = ("SQLite", "PostgreSQL")


def rows(stage: Stage) -> list[Row]:
    """Both databases; the second needs its server."""
    return [_row(stage, name) for name in DATABASES]


def _row(stage: Stage, name: str) -> Row:
    rounds = stage.amount(20, 2)
    reports: list[dict[str, Any]] = []
    errors: list[str] = []
    with _home(stage, name) as home:
        for _ in range(rounds):
            _round(home, reports, errors)
    ids = {report["execution_id"] for report in reports}
    runs = {report["run_id"] for report in reports}
    completed = sum(report["status"] == "completed" for report in reports)
    whole = rounds * RUNNERS
    return Row(
        f"distinct ids and run numbers, {name}",
        f"{len(ids)} and {len(runs)}",
        "",
        None,
        f"{whole} and {whole}",
        len(ids) == len(runs) == completed == whole and not errors,
        "\n".join([f"{completed} completed, {len(errors)} errors", *errors[:3]]),
    )


def _round(home: Home, reports: list[dict[str, Any]], errors: list[str]) -> None:
    command = [str(CONSOLE), *run_words(10), "--json"]
    started = [
        Popen(command, cwd=home.path, env=home.environ, stdout=PIPE, stderr=PIPE, text=True)
        for _ in range(RUNNERS)
    ]
    for process in started:
        told, said = process.communicate()
        if process.returncode:
            errors.append(said.strip() or told.strip())
        else:
            reports.append(json.loads(told))


@contextmanager
def _home(stage: Stage, name: str) -> Iterator[Home]:
    if name == "SQLite":
        with stage.embedded_home() as home:
            yield home
        return
    with (
        stage.postgresql.fresh_database() as url,
        stage.home(SWF_DATABASE_URL=url) as home,
        embedded_broker(home),
    ):
        yield home
