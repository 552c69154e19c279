"""`python -m swf_console.backend.broker`: the embedded broker in the foreground."""

import argparse
import sys
from pathlib import Path

from ..core.errors import SwfError
from .journal_file import SYNC_MODES
from .log import Log
from .server import serve


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="swf-broker", description="The embedded STOMP broker, on loopback only."
    )
    parser.add_argument(
        "--state-dir", type=Path, required=True, help="directory of the journal, broker.json and broker.lock"
    )
    parser.add_argument(
        "--port", type=int, default=None, help="port to listen on (default: the last one, or a free one)"
    )
    parser.add_argument(
        "--until-idle",
        action="store_true",
        help="stop once standard input is closed and no client is connected",
    )
    parser.add_argument(
        "--sync",
        choices=list(SYNC_MODES),
        default="full",
        help="full: a RECEIPT means that messages are synced to the disk (default); normal: only written",
    )
    parser.add_argument(
        "--log", action="store_true", help="write the log to logs/broker.log instead of standard error"
    )
    given = parser.parse_args(arguments)
    try:
        given.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = Log(given.state_dir / "logs" / "broker.log" if given.log else None)
        serve(given.state_dir, port=given.port, until_idle=given.until_idle, sync=given.sync, log=log)
    except SwfError as error:
        sys.stderr.write(f"swf-broker: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(
            f"swf-broker: {given.state_dir} cannot be used as state directory: {error.strerror}\n"
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
