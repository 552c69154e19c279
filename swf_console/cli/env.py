"""`swf-console env`: the variables that point somebody else's agent at this home."""

import argparse
import shlex

from ..backend.core.settings import load_settings
from .output import say, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing but the home."""
    parser.epilog = 'eval "$(swf-console env)" sets them in a shell.'


def run(arguments: argparse.Namespace) -> int:
    """One `export` line a variable; BrokerUnreachable where no broker runs."""
    from ..backend.services.environment import variables

    pointing = variables(load_settings(home=arguments.home))
    for name, value in pointing.variables.items():
        show(f"export {name}={shlex.quote(value)}")
    for line in pointing.remarks:
        say(f"swf-console: {line}")
    return 0
