"""`swf-console serve`: serve the console to browsers, in the foreground."""

import argparse
import sys
from pathlib import Path

from ..backend.core.logs import log_to_file
from ..backend.core.settings import load_settings
from .arguments import add_listening, check_port
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The address, and the options of the console."""
    add_listening(parser, 8004)
    parser.add_argument("--testbed-config", metavar="FILE", help="testbed.toml (workflows/testbed.toml)")
    parser.add_argument("--namespace", metavar="N", help="namespace (that of testbed.toml)")
    parser.add_argument("--read-only", action="store_true", help="open the console read-only")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; every tab has a separate console, which ends with the tab."""
    from ..viewmodels.namespaces.setup import namespace_of
    from ..viewmodels.preferences import load_preferences
    from .key_names import known_keys

    check_port(arguments)
    settings = load_settings(home=arguments.home, testbed_config=arguments.testbed_config)
    # report errors that would prevent every console from opening on this terminal, not in each tab
    namespace_of(settings, arguments.namespace)
    load_preferences(known=known_keys)
    log_to_file(settings.logs_dir / "serve.log", rotated=True)
    from ..backend.http_server.server import Listening
    from ..web.server import serve

    def up(address: str) -> None:
        say(f"console on {address}\nEveryone with this address can use the console; Ctrl-C stops the server")

    listening = Listening(arguments.host, arguments.port, arguments.tls_cert, arguments.tls_key)
    serve(console_command(settings.home, arguments), listening, settings.api_token, up)
    return 0


def console_command(home: Path, arguments: argparse.Namespace) -> list[str]:
    """The command line that opens the console of one tab."""
    words = [sys.executable, "-m", "swf_console", "--home", str(home)]
    if arguments.testbed_config:
        words += ["--testbed-config", str(Path(arguments.testbed_config).absolute())]
    if arguments.namespace:
        words += ["--namespace", arguments.namespace]
    return [*words, *(["--read-only"] if arguments.read_only else [])]
