"""`python -m bench [--quick] [--messages N] [THEME...]`: all themes but the long ones, or some."""

import argparse
import importlib
import os
import platform
import sys
import time

from tests.support.processes.server import ServiceMissing
from tests.support.services import describe

from .harness import Row
from .report import show_rows, show_verdict
from .stage import Stage

THEMES = (
    "start",
    "fast",
    "memory",
    "realtime",
    "brokers",
    "identifiers",
    "pages",
    "history",
    "crowd",
    "chain",
    "monitor",
    "stream",
    "testbed",
    "first_paint",
    "tail",
    "links",
    "ring",
    "filters",
    "table",
    "cells",
)
LONG = ("endurance",)
HELP = f"{', '.join(THEMES)}; only where it is named: {', '.join(LONG)}"


def main() -> int:
    """Run the themes and print their tables; 1 where a target was missed."""
    arguments = _arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("\n".join(describe()))
    if arguments.quick:
        print("quick: small amounts, to see that everything works; the figures mean little")
    found: list[Row] = []
    with Stage(arguments.quick, arguments.messages) as stage:
        for name in arguments.themes or THEMES:
            found += _theme(name, stage)
    show_verdict(found)
    return 1 if any(row.ok is False for row in found) else 0


def _theme(name: str, stage: Stage) -> list[Row]:
    theme = importlib.import_module(f".{name}", __package__)
    began = time.monotonic()
    try:
        rows: list[Row] = theme.rows(stage)
    except ServiceMissing as missing:
        rows = [Row(theme.TITLE, "", target="not measured", note=str(missing))]
    show_rows(f"{name}: {theme.TITLE} ({time.monotonic() - began:.0f} s)", rows)
    sys.stdout.flush()
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("themes", nargs="*", metavar="THEME", choices=[*THEMES, *LONG, []], help=HELP)
    parser.add_argument("--quick", action="store_true", help="small amounts: to see that everything works")
    parser.add_argument("--messages", type=int, metavar="N", help="rows of the large message tables")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
