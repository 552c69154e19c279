"""What a command costs that does next to nothing: ten STFs against a floor, --help against Python."""

import sys
from collections.abc import Callable
from operator import attrgetter

from .harness import Row, Usage, at_most, interleaved, measure, median, shown
from .stage import CHECKOUT, Home, Stage, run_words

TITLE = "Start-up: median of whole processes that take turns"
EMBEDDED_START = 0.4
KINDS: tuple[tuple[str, Callable[[Usage], float]], ...] = (
    ("wall", attrgetter("wall")),
    ("CPU", attrgetter("cpu")),
)


def rows(stage: Stage) -> list[Row]:
    """Every row of start-up."""
    return [*_floor(stage), *_help(stage), *_embedded_start(stage)]


def _floor(stage: Stage) -> list[Row]:
    found = []
    with stage.embedded_home() as home:
        taken = interleaved(
            stage.amount(25, 3), {"run": lambda: _ten(home), "floor": lambda: _floor_of(home)}
        )
    for kind, of in KINDS:
        run, floor = (median([of(usage) for usage in taken[name]]) for name in ("run", "floor"))
        found.append(at_most(f"10-STF headless run, broker running, {kind}", run, floor, 1.3, "s"))
    return found


def _help(stage: Stage) -> list[Row]:
    with stage.home() as home:
        taken = interleaved(
            stage.amount(41, 5),
            {
                "help": lambda: home.console("--help"),
                "pass": lambda: measure([sys.executable, "-c", "pass"], cwd=home.path, env=home.environ),
            },
        )
    rows = []
    for kind, of in KINDS:
        told, plain = (median([of(usage) for usage in taken[name]]) for name in ("help", "pass"))
        rows.append(at_most(f"swf-console --help against python -c pass, {kind}", told, plain, 4, "s"))
    return rows


def _embedded_start(stage: Stage) -> list[Row]:
    with stage.embedded_home() as warm, stage.home() as cold:
        taken = interleaved(stage.amount(15, 3), {"cold": lambda: _ten(cold), "warm": lambda: _ten(warm)})
    wall = {name: median([usage.wall for usage in usages]) for name, usages in taken.items()}
    more = wall["cold"] - wall["warm"]
    return [
        Row(
            "the same when it must start the embedded broker first",
            f"+{shown(more, 's')}",
            shown(wall["warm"], "s"),
            None,
            f"<= +{EMBEDDED_START:g} s",
            more <= EMBEDDED_START,
        )
    ]


def _ten(home: Home) -> Usage:
    return home.console(*run_words(10))


def _floor_of(home: Home) -> Usage:
    broker = home.broker()
    words = [home.settings.database_url, broker.host, str(broker.port), broker.user, broker.password]
    environ = {**home.environ, "STOMP_SKIP_HOSTNAME_SCAN": "1"}
    return measure([sys.executable, "-m", "bench.floor", *words], cwd=CHECKOUT, env=environ)
