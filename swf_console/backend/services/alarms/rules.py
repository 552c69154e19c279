"""What needs a human although nobody looks at its screen: failed and silent agents, failed executions."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ....viewmodels.agents import AgentWatch
from ....viewmodels.context import ConsoleServices
from ....viewmodels.snapshots import AgentLine, AgentsLook
from ...core.errors import SwfError
from ...database import executions
from ...database.records.workflows import ExecutionFilter

log = logging.getLogger(__name__)

EVERY = 2.0
FAILURES_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be told once. `over` says that what `key` spoke of is no more.

    `screen` and `where` are the way to it; without `alert` it is only said.
    """

    key: str
    text: str = ""
    screen: str = ""
    where: dict[str, object] = field(default_factory=dict)
    alert: bool = True
    bad: bool = True
    over: bool = False


class Findings:
    """Looks every two seconds in a thread of its own. `take` never blocks."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._agents = AgentWatch(services)
        self._began = datetime.now(UTC)
        self._standing: set[str] = set()
        self._failed: set[str] = set()
        self._found: list[Finding] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="findings", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self, timeout: float = 0.5) -> None:
        """Look no more; waits so long for a look under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def take(self) -> list[Finding]:
        """What is new since it was asked for last."""
        with self._lock:
            found, self._found = self._found, []
        return found

    def look(self) -> None:
        """Look once; blocks."""
        found = [*self._of_agents(self._agents.look()), *self._of_executions(), *self._of_runs()]
        with self._lock:
            self._found += found

    def _watch(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self.look()
            except Exception:
                log.exception("the testbed could not be looked at, trying again")

    def _of_agents(self, look: AgentsLook) -> Iterator[Finding]:
        """Each trouble of an agent when it begins and when it is over."""
        now: set[str] = set()
        for line in look.lines:
            text = _trouble(line)
            if not text:
                continue
            key = f"agent {line.key}"
            now.add(key)
            if key not in self._standing:
                yield Finding(key, text, "agents", {"agent": line.key})
        known = look.supervisor == "running" and not look.database_trouble
        over = self._standing - now if known else set()
        yield from (Finding(key, over=True) for key in sorted(over))
        self._standing = (self._standing - over) | now

    def _of_executions(self) -> Iterator[Finding]:
        """The executions that failed since this console looks."""
        wanted = ExecutionFilter(status="failed", namespace=self._services.namespace)
        try:
            with self._services.database().read() as connection:
                failed = executions.page(connection, wanted, limit=FAILURES_LOOKED_AT).items
        except SwfError:
            return  # the database's own pipe says so
        for one in failed:
            if one.end_time and one.end_time > self._began and one.execution_id not in self._failed:
                self._failed.add(one.execution_id)
                text = f"{one.execution_id} failed: {one.error_message or 'no reason given'}"
                yield Finding(
                    f"execution {one.execution_id}", text, "executions", {"execution": one.execution_id}
                )

    def _of_runs(self) -> Iterator[Finding]:
        """What ended in this process and did not fail."""
        runs = self._services.runs_here
        for ended in runs.take_ended() if runs else ():
            if ended.status != "failed":
                why = f" ({ended.reason})" if ended.reason != ended.status else ""
                text = f"{ended.execution_id} {ended.status}{why}"
                yield Finding(f"run {ended.execution_id}", text, alert=False, bad=False)


def _trouble(line: AgentLine) -> str:
    if line.view.state in ("FATAL", "UNKNOWN"):
        note = line.view.note.removeprefix(line.view.program or "").lstrip(": ")
        return f"{line.view.name} {line.view.state}{f': {note}' if note else ''}"
    return f"{line.view.name} is {line.view.note}" if line.is_silent else ""
