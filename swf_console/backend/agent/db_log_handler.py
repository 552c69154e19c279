"""Writes log lines to the database: in batches, on a separate thread; logging never waits."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ..core.logs import execution_id
from ..database import Database, logs
from ..database.records.agents import LogEntry

LIMIT = 10_000
BATCH = 500
SECONDS = 1.0
LONGEST_MESSAGE = 20_000


class DatabaseLogHandler(logging.Handler):
    """Buffers at most 10,000 lines for the database; beyond that the oldest are dropped and counted."""

    def __init__(self, database: Database, app_name: str, instance_name: str) -> None:
        super().__init__(logging.INFO)
        self.dropped = 0
        self._database = database
        self._app_name, self._instance_name = app_name[:100], instance_name[:100]
        self._entries: deque[LogEntry] = deque()
        self._fresh = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-table", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record; never waits."""
        if record.thread == self._thread.ident:  # a log line about writing log lines would repeat itself
            return
        try:
            entry = self._entry(record)
        except Exception:  # noqa: BLE001 (a record that cannot be formatted must not break its caller)
            self.handleError(record)
            return
        if len(self._entries) >= LIMIT:
            self._entries.popleft()
            self.dropped += 1
        self._entries.append(entry)
        self._fresh.set()

    def finish(self, timeout: float) -> None:
        """Write the remaining lines, for up to `timeout` seconds."""
        self._closing.set()
        self._fresh.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._fresh.wait()
            self._fresh.clear()
            self._closing.wait(SECONDS)  # lines that follow soon share the transaction
            while self._entries and self._write():
                pass
        if self._entries:
            self._write()

    def _write(self) -> bool:
        batch = [self._entries[place] for place in range(min(BATCH, len(self._entries)))]
        if not self._store(batch):
            self._closing.wait(SECONDS)
            self._fresh.set()
            return False
        # emit() may have dropped the oldest meanwhile: only what was written is removed
        for entry in batch:
            if self._entries and self._entries[0] is entry:
                self._entries.popleft()
        return True

    def _store(self, batch: Sequence[LogEntry]) -> bool:
        try:
            with self._database.write() as connection:
                logs.insert(connection, batch)
        except Exception:  # noqa: BLE001 (logging this failure would repeat it; the log file has the lines)
            return False
        return True

    def _entry(self, record: logging.LogRecord) -> LogEntry:
        message = record.getMessage()
        extra: dict[str, Any] = {}
        execution = getattr(record, "execution_id", None) or execution_id.get()
        extra |= {"execution_id": execution} if execution else {}
        body = getattr(record, "message_body", None)
        extra |= {"message_body": body} if body else {}
        if record.exc_info:
            extra["exception"] = logging.Formatter().formatException(record.exc_info)
        return LogEntry(
            app_name=self._app_name,
            instance_name=self._instance_name,
            timestamp=datetime.fromtimestamp(record.created, UTC),
            level=record.levelno,
            levelname=record.levelname[:50],
            message=message.replace("\0", "\ufffd")[:LONGEST_MESSAGE],
            module=record.module[:255],
            funcname=(record.funcName or "")[:255],
            lineno=record.lineno,
            process=record.process or 0,
            thread=record.thread or 0,
            extra_data=extra or None,
        )
