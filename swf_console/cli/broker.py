"""`swf-console broker`: the embedded STOMP broker in the foreground."""

import argparse

from ..backend.core.settings import load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The port, where it is not to be chosen."""
    parser.add_argument(
        "--port", type=int, metavar="N", help="listen here (default: the last port, else a free one)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    from ..backend.broker.log import Log
    from ..backend.broker.server import serve

    settings = load_settings(home=arguments.home)
    serve(settings.state_dir, port=arguments.port or settings.broker_port, log=Log(None))
    return 0
