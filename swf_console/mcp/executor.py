"""Where calls are carried out: read-only unless allowed, every write in the journal."""

import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..backend.core.errors import ErrorReport, Refused, SwfError, UsageError
from ..backend.core.redaction import redact
from ..backend.core.settings import Settings
from ..backend.services.database import opened
from ..backend.services.journal import Entry, Journal
from ..backend.services.ownership import WritePolicy
from .serialize import shaped
from .tool import Tool

if TYPE_CHECKING:
    from ..backend.database import Database

log = logging.getLogger(__name__)

LONGEST_KEPT = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave: a JSON object, and whether it says that the call failed."""

    document: dict[str, Any]
    failed: bool = False


class Desk:
    """The tools of one home. Its methods may be called from any thread, and block."""

    def __init__(
        self, settings: Settings, tools: Mapping[str, Tool], *, allow_write: bool = False, door: str = "mcp"
    ) -> None:
        self.settings, self.tools, self.allow_write = settings, tools, allow_write
        self._door = door
        self._journal = Journal(settings.state_dir)
        self._stack = ExitStack()
        self._database: Database | None = None
        self._opening = threading.Lock()
        self._quiet = threading.Condition()
        self._writing = 0

    def database(self) -> "Database":
        """The database, opened on first use. Raises DatabaseUnusable or DatabaseUnreachable."""
        with self._opening:
            if self._database is None:
                self._database = self._stack.enter_context(opened(self.settings))
            return self._database

    def answer(self, tool: Tool, given: Mapping[str, Any]) -> Answer:
        """Call a tool; never raises: what goes wrong is an answer too."""
        try:
            values = tool.read(given)
            return Answer(shaped(self._write(tool, values) if tool.writes else tool(self, values)))
        except SwfError as error:
            report = ErrorReport.of(error)
            problems = {"problems": report.problems} if report.problems else {}
            told = {"error": report.error, "advice": report.advice, "exit_code": report.exit_code}
            return Answer(shaped(told | problems), failed=True)
        except Exception as error:
            log.exception("%s failed", tool.name)
            told = {"error": f"{tool.name} failed inside: {type(error).__name__}", "exit_code": 1}
            return Answer(told | {"advice": "The log of this server says more"}, failed=True)

    def wait_quiet(self, timeout: float) -> bool:
        """Wait until no write is under way; False after `timeout` seconds."""
        with self._quiet:
            return self._quiet.wait_for(lambda: self._writing == 0, timeout)

    def close(self) -> None:
        """Let go of the database."""
        with self._opening:
            self._database = None
            self._stack.close()

    def _write(self, tool: Tool, values: Mapping[str, Any]) -> Any:
        began, at = time.monotonic(), datetime.now(UTC)
        self._check_journal()
        with self._quiet:
            self._writing += 1
        failure: str | None = "it broke off"
        try:
            started = "" if self.allow_write else "the server was started without --allow-write"
            if refusal := WritePolicy(self.settings.user).refusal(started):
                raise Refused(f"{refusal}; {tool.name} changes something", "Start it with --allow-write")
            done = tool(self, values)
            failure = None
        except Exception as error:
            failure = str(error) or type(error).__name__
            raise
        finally:
            self._keep(tool, values, at, time.monotonic() - began, failure)
            with self._quiet:
                self._writing -= 1
                self._quiet.notify_all()
        return done

    def _check_journal(self) -> None:
        """Raises UsageError where a write could not be kept: then it is not done."""
        try:
            os.close(os.open(self._journal.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        except OSError as error:
            raise UsageError(
                f"{self._journal.path}: the journal cannot be written: {error.strerror}",
                "Nothing is changed that the journal does not hold",
            ) from error

    def _keep(
        self, tool: Tool, values: Mapping[str, Any], at: datetime, seconds: float, failure: str | None
    ) -> None:
        given = {name: value for name, value in values.items() if value is not None}
        words = json.dumps(redact(given), default=str, ensure_ascii=False)
        namespace = values.get("namespace")
        entry = Entry(
            at=at,
            kind="action",
            who=f"{self.settings.user} ({self._door})",
            what=tool.name,
            result=(failure or "ok")[:LONGEST_KEPT],
            ok=failure is None,
            command=f"{tool.name} {words[:LONGEST_KEPT]}",
            namespace=namespace if isinstance(namespace, str) else None,
            seconds=round(seconds, 3),
        )
        self._journal.append(entry)
