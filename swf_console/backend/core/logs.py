"""Structured logs: one JSON object per line, each with the execution it belongs to."""

import json
import logging
import os
import sys
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from .errors import UsageError
from .files import private_opener

execution_id: ContextVar[str | None] = ContextVar("execution_id", default=None)

FILE_BYTES = 10_000_000
FILES_KEPT = 5


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: time (UTC), level, logger, message, execution_id, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record; JSON escapes control characters, so a message cannot forge a line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "execution_id": getattr(record, "execution_id", None) or execution_id.get(),
            "process": record.process,
            "thread": record.threadName,
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


class ResumingHandler(logging.FileHandler):
    """Stops with one line on stderr when the file cannot be written, and resumes when it can again.

    The handlers of the standard library print a traceback for every record, which fills the rest of the disk
    where stderr is a file on it.
    """

    lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; the first one after an interruption is preceded by the number of lost ones."""
        lost = self.lost
        try:
            super().emit(record)
        except OSError:  # of opening the file: FileHandler (Python 3.11) does not catch it
            self.handleError(record)
        if lost and self.lost == lost:
            self.lost = 0
            text = "logging resumed: %d records were lost while the file could not be written"
            note = logging.LogRecord(record.name, logging.WARNING, "", 0, text, (lost,), None)
            super().emit(note)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (a method of logging.Handler)
        """Report an error of the file once; drop its buffer, which would grow with every record."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self.lost += 1
        if self.lost == 1:
            _report(Path(self.baseFilename), error)
        stream, self.stream = self.stream, None  # emit() opens it again
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.close()


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to stderr; where that is closed or a file on a full disk, nothing can be reported."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (a method of logging.Handler)
        """Ignore errors of stderr; the standard library would print a traceback for every record."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _report(path: Path, error: OSError) -> None:
    text = f"swf-console: {path}: the log cannot be written: {error.strerror}. Logging stops until it can\n"
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()


def log_to_file(path: Path, *, rotated: bool = False) -> logging.Handler:
    """Write this package's logs to a file that only its owner can read.

    `rotated` is for a process that has the file for itself. A file that several processes append to is
    renamed to `.1` when one of them starts and it has become too large. SWF_LOG_LEVEL sets the level (INFO).
    A file that cannot be written is reported in one line with the first record.
    """
    try:
        if not rotated and path.exists() and path.stat().st_size > FILE_BYTES:
            path.replace(path.with_suffix(path.suffix + ".1"))
        os.close(private_opener(str(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND))
        handler = _handler(path, rotated)
    except OSError:
        handler = ResumingHandler(path, encoding="utf-8", delay=True)  # reports this with the first record
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("swf_console")
    logger.addHandler(handler)
    logger.setLevel(_level(os.environ.get("SWF_LOG_LEVEL") or "INFO"))
    logger.propagate = False
    return handler


def _level(name: str) -> int:
    levels = logging.getLevelNamesMapping()
    if name.upper() not in levels:
        raise UsageError(
            f"SWF_LOG_LEVEL={name[:40]} is not a log level", "Set it to DEBUG, INFO, WARNING or ERROR"
        )
    return levels[name.upper()]


def _handler(path: Path, rotated: bool) -> logging.Handler:
    if not rotated:
        return ResumingHandler(path, encoding="utf-8")
    from logging.handlers import RotatingFileHandler

    class PrivateHandler(ResumingHandler, RotatingFileHandler):
        """Its own files, also those that a rotation makes, are readable for their owner only."""

        def _open(self) -> TextIOWrapper:
            return TextIOWrapper(open(self.baseFilename, "ab", opener=private_opener), encoding=self.encoding)

    return PrivateHandler(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
