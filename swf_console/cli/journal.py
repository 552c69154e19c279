"""`swf-console journal`: list what users did in the consoles of this home."""

import argparse

from ..backend.core.format import instant
from ..backend.core.settings import load_settings
from ..backend.core.times import parse_time
from .arguments import add, add_json, given, limit_of
from .output import brief, emit, say, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The limit and the start time."""
    add(parser, "--limit", "N", "show at most N (50)")
    add(parser, "--since", "TIME", "only entries since 2026-01-31T12:00 (UTC), or since 10m, 2h, 3d ago")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the entries, newest first."""
    from ..backend.services.journal import Journal

    since = parse_time(given(arguments, "since"), "--since")
    settings = load_settings(home=arguments.home)
    entries = Journal(settings.state_dir).entries(limit_of(arguments), since)
    if arguments.json:
        for entry in entries:
            emit(entry)
        return 0
    if not entries:
        say("The journal is empty. Open the console: swf-console")
        return 0
    rows = [
        (
            instant(entry.at),
            entry.kind,
            brief(entry.who, 50),
            brief(entry.command or entry.what),
            entry.result,
        )
        for entry in entries
    ]
    table(("time (UTC)", "kind", "who", "what", "result"), rows)
    return 0
