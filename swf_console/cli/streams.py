"""Standard streams of a command: closed, full, 8-bit, or written to by other code of the process."""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def prepare_streams(argv: Sequence[str]) -> None:
    """Make the streams usable; with `--json` nothing but our own output gets to stdout."""
    _open_closed_descriptors()
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (until the process ends)
    if sys.stdout is None:
        sys.stdout = _ClosedStream()
    elif isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        if not is_unicode():
            # a terminal of another encoding: a sign that it lacks is escaped instead of ending the command
            sys.stdout.reconfigure(errors="backslashreplace")
        if "--json" in argv:
            sys.stdout = _reserve(sys.stdout)


def is_unicode() -> bool:
    """Whether stdout can encode every character."""
    return "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()


def discard_output(stream: TextIO | None = None) -> None:
    """Drop what stdout, or this stream, still buffers: the interpreter would flush it at exit and fail."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())


def _open_closed_descriptors() -> None:
    """Open /dev/null in place of closed standard descriptors.

    The next file that is opened would get their number, and the output of a library would go into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # open() returns the lowest free number


def _reserve(stdout: io.TextIOWrapper) -> io.TextIOWrapper:
    """Our own way to stdout; whatever else writes to descriptor 1, such as a child, writes to stderr."""
    try:
        if stdout.fileno() != 1:
            return stdout
        stdout.flush()
        descriptor = os.dup(1)
        os.dup2(2, 1)
    except (OSError, ValueError):
        return stdout
    raw = os.fdopen(descriptor, "wb")
    return io.TextIOWrapper(
        raw, encoding=stdout.encoding, errors=stdout.errors, line_buffering=stdout.isatty()
    )


class _ClosedStream(io.StringIO):
    """Standard output that was closed when the program was started."""

    def write(self, _text: str) -> int:
        """Fail as a write to a closed descriptor does."""
        raise OSError(9, os.strerror(9))
