"""`swf-console env`: the environment variables for agents outside of this home."""

import argparse
import shlex

from ..backend.core.settings import load_settings
from .output import say, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments; the help shows an example."""
    parser.epilog = 'Use in a shell: eval "$(swf-console env)"'


def run(arguments: argparse.Namespace) -> int:
    """Print one `export` line per variable. Raises BrokerUnreachable if no broker is running."""
    from ..backend.services.environment_export import export_environment

    environment = export_environment(load_settings(home=arguments.home))
    for name, value in environment.variables.items():
        show(f"export {name}={shlex.quote(value)}")
    for line in environment.remarks:
        say(f"swf-console: {line}")
    return 0
