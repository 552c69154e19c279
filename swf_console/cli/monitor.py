"""`swf-console monitor`: the REST interface and the live stream in the foreground."""

import argparse
from pathlib import Path

from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it listens."""
    parser.add_argument(
        "--host", metavar="H", default="127.0.0.1", help="listen here (127.0.0.1); others need token and TLS"
    )
    parser.add_argument(
        "--port", type=int, metavar="N", default=8002, help="listen on this port (8002; 0: any)"
    )
    parser.add_argument("--tls-cert", metavar="FILE", type=Path, help="certificate chain, PEM")
    parser.add_argument("--tls-key", metavar="FILE", type=Path, help="its key, PEM")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    from ..backend.core.errors import UsageError
    from ..backend.core.logs import log_to_file
    from ..backend.core.settings import load_settings

    if not 0 <= arguments.port <= 65535:
        raise UsageError(f"--port {arguments.port} is no port", "Give a number from 0 to 65535")
    settings = load_settings(home=arguments.home)
    log_to_file(settings.logs_dir / "monitor.log", rotated=True)
    from ..api.server import serve
    from ..backend.http_server.server import Listening

    def up(url: str) -> None:
        say(f"the monitor serves {url}; Ctrl-C ends it")

    serve(settings, Listening(arguments.host, arguments.port, arguments.tls_cert, arguments.tls_key), up)
    return 0
