"""Structured logs: one JSON object per line, each with the execution it belongs to."""

import json
import logging
import os
from contextvars import ContextVar
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

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


def log_to_file(path: Path, *, rotated: bool = False) -> logging.Handler:
    """Write this package's logs to a file that only its owner can read.

    `rotated` is for a process that has the file for itself. A file that several processes append to is
    renamed to `.1` when one of them starts and it has become too large. SWF_LOG_LEVEL sets the level (INFO).
    """
    if not rotated and path.exists() and path.stat().st_size > FILE_BYTES:
        path.replace(path.with_suffix(path.suffix + ".1"))
    os.close(private_opener(str(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    handler = _handler(path, rotated)
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
        return logging.FileHandler(path, encoding="utf-8")
    from logging.handlers import RotatingFileHandler

    class PrivateHandler(RotatingFileHandler):
        """Its own files, also those that a rotation makes, are readable for their owner only."""

        def _open(self) -> TextIOWrapper:
            return TextIOWrapper(open(self.baseFilename, "ab", opener=private_opener), encoding=self.encoding)

    return PrivateHandler(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
