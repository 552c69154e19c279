"""`swf-console monitor`: serve the REST interface and the event stream in the foreground."""

import argparse

from ..backend.core.logs import log_to_file
from ..backend.core.settings import load_settings
from .arguments import add_listening, check_port
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The address."""
    add_listening(parser, 8002)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    check_port(arguments)
    settings = load_settings(home=arguments.home)
    log_to_file(settings.logs_dir / "monitor.log", rotated=True)
    from ..api.server import serve
    from ..backend.http_server.server import Listening

    def up(url: str) -> None:
        say(f"monitor on {url}; Ctrl-C stops it")

    serve(settings, Listening(arguments.host, arguments.port, arguments.tls_cert, arguments.tls_key), up)
    return 0
