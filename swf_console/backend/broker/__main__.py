"""`python -m swf_console.backend.broker`: the embedded broker in the foreground."""

import argparse
import sys
from pathlib import Path

from ..core.errors import SwfError
from .journal_file import SYNC_MODES
from .log import Log
from .server import serve


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the exit code is the error's."""
    parser = argparse.ArgumentParser(
        prog="swf-broker", description="The embedded STOMP broker, on loopback only."
    )
    parser.add_argument(
        "--state-dir", type=Path, required=True, help="journal, broker.json and broker.lock live here"
    )
    parser.add_argument(
        "--port", type=int, default=None, help="default: the previous one, or any that is free"
    )
    parser.add_argument(
        "--until-idle", action="store_true", help="end once standard input is closed and nobody is connected"
    )
    parser.add_argument(
        "--sync",
        choices=list(SYNC_MODES),
        default="full",
        help="full: a RECEIPT means that the disk has the messages; normal: that a kill loses none",
    )
    parser.add_argument("--log", action="store_true", help="log to logs/broker.log, not to standard error")
    given = parser.parse_args(arguments)
    try:
        given.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = Log(given.state_dir / "logs" / "broker.log" if given.log else None)
        serve(given.state_dir, port=given.port, until_idle=given.until_idle, sync=given.sync, log=log)
    except SwfError as error:
        sys.stderr.write(f"swf-broker: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"swf-broker: cannot run in {given.state_dir}: {error.strerror}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
