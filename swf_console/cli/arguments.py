"""Arguments shared by several commands, and their validation."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..backend.core.errors import UsageError

MOST_ROWS = 10_000


def add_json(parser: argparse.ArgumentParser, what: str = "one JSON object a line") -> None:
    """`--json`; if not given, a value set before the subcommand stays."""
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=what)


def add_page(parser: argparse.ArgumentParser, limit: int = 50) -> None:
    """`--limit` and `--after`."""
    add(parser, "--limit", "N", f"show N at most ({limit})")
    add(parser, "--after", "CURSOR", "continue after the page that printed this cursor")


def add(parser: argparse.ArgumentParser, flag: str, metavar: str, text: str) -> None:
    """A flag with a value; if not given, a value set before the subcommand stays."""
    parser.add_argument(flag, metavar=metavar, default=argparse.SUPPRESS, help=text)


def add_debug(parser: Any) -> None:
    """`--debug`, as an environment variable: it also holds for the processes that are started."""
    parser.add_argument(
        "--debug", action=_Debug, nargs=0, help="write debug messages to the log (SWF_LOG_LEVEL)"
    )


class _Debug(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002
        namespace: argparse.Namespace,  # noqa: ARG002
        values: object,  # noqa: ARG002
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        os.environ["SWF_LOG_LEVEL"] = "DEBUG"


def add_request_id(parser: argparse.ArgumentParser) -> None:
    """`--request-id`: the same command again, after a timeout."""
    parser.add_argument("--request-id", metavar="ID", help="repeat a request; a runner executes an id once")


def add_listening(parser: argparse.ArgumentParser, port: int) -> None:
    """Where a server listens, and its certificate."""
    parser.add_argument(
        "--host",
        metavar="H",
        default="127.0.0.1",
        help="listen on this address (127.0.0.1); other hosts need token and TLS",
    )
    parser.add_argument(
        "--port", type=int, metavar="N", default=port, help=f"listen on this port ({port}; 0: any)"
    )
    parser.add_argument("--tls-cert", metavar="FILE", type=Path, help="certificate chain, PEM")
    parser.add_argument("--tls-key", metavar="FILE", type=Path, help="key of the certificate, PEM")


def check_port(arguments: argparse.Namespace) -> None:
    """Raise UsageError if `--port` is not a port; 0 is any free port."""
    if not 0 <= arguments.port <= 65535:
        raise UsageError(f"--port {arguments.port} is not a port", "Use a number from 0 to 65535")


def given(arguments: argparse.Namespace, name: str) -> Any:
    """The value of a flag; None if it is not given."""
    return getattr(arguments, name, None)


def limit_of(arguments: argparse.Namespace, default: int = 50) -> int:
    """`--limit`, from 1 to 10,000. Raises UsageError."""
    return whole_number(given(arguments, "limit"), "--limit", default, MOST_ROWS)


def whole_number(text: str | None, flag: str, default: int, highest: int, lowest: int = 1) -> int:
    """The number in `text`, within bounds. Raises UsageError."""
    if text is None:
        return default
    digits = text.strip()
    if not (
        digits.isascii() and digits.isdecimal() and len(digits) < 12 and lowest <= int(digits) <= highest
    ):
        raise UsageError(
            f"{flag} {text[:40]} is not a number from {lowest:,} to {highest:,}", f"For example {flag} 100"
        )
    return int(digits)


def seconds_of(text: str | None, flag: str, default: float | None) -> float | None:
    """A positive number of seconds. Raises UsageError."""
    if text is None:
        return default
    return _positive(text, flag, float)


def _positive(text: str, flag: str, read: Callable[[str], float]) -> float:
    try:
        value = read(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise UsageError(f"{flag} {text[:40]} is not a positive number of seconds", f"For example {flag} 10")
    return value
