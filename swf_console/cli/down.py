"""`swf-console down`, `testbed stop-agents`: stop the processes of this home."""

import argparse

from ..backend.core.settings import load_settings
from .arguments import add_json, given
from .output import emit, keep_logs_off_the_screen, say
from .up import show_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The names; all without a name."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="processes or groups (all)")
    add_json(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Stop them; 4 if one does not stop, 3 if orphans continue, 0 also if none was running."""
    from ..backend.services.testbed import stop_agents

    keep_logs_off_the_screen()
    settings = load_settings(home=arguments.home, testbed_config=given(arguments, "testbed_config"))
    lines = stop_agents(settings, tuple(arguments.names) or ("all",))
    if not lines:
        say("swf-console: nothing to stop: supervisord is not running")
    if given(arguments, "json"):
        emit({"agents": lines})
    else:
        show_lines(lines)
    return 4 if any(line.trouble for line in lines) else 0
