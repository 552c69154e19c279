"""What needs a human while another screen is open: agents, executions, connections."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ...database.records.workflows import ExecutionSummary
from ..agents.snapshot import AgentsSnapshot, AgentStatus
from ..executions.progress import EndedExecution
from ..health.connection import ConnectionStatus, Connectivity

# a shorter outage is no alarm
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """Something that a rule reports once. `over`: what `key` spoke of has ended.

    `screen` and `where` are the way to it; without `alarm` it is only said.
    """

    key: str
    text: str = ""
    screen: str = ""
    where: dict[str, object] = field(default_factory=dict)
    alarm: bool = True
    bad: bool = True
    over: bool = False


class AgentRule:
    """Each agent that fails or falls silent, when that begins and when it is over."""

    def __init__(self) -> None:
        self._standing: set[str] = set()

    def check(self, snapshot: AgentsSnapshot) -> Iterator[AlarmEvent]:
        """What is new in this snapshot."""
        now: set[str] = set()
        for agent in snapshot.lines:
            text = _trouble(agent)
            if not text:
                continue
            key = f"agent {agent.key}"
            now.add(key)
            if key not in self._standing:
                yield AlarmEvent(key, text, "agents", {"agent": agent.key})
        known = snapshot.supervisor == "running" and not snapshot.database_trouble
        over = self._standing - now if known else set()
        yield from (AlarmEvent(key, over=True) for key in sorted(over))
        self._standing = (self._standing - over) | now


class ExecutionRule:
    """Each execution that failed after `since`."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._failed: set[str] = set()

    def check(self, failed: Iterable[ExecutionSummary]) -> Iterator[AlarmEvent]:
        """What is new among these."""
        for one in failed:
            if one.end_time and one.end_time > self._since and one.execution_id not in self._failed:
                self._failed.add(one.execution_id)
                text = f"{one.execution_id} failed: {one.error_message or 'no reason given'}"
                yield AlarmEvent(
                    f"execution {one.execution_id}", text, "executions", {"execution": one.execution_id}
                )


class ConnectionRule:
    """Each connection that is down for longer than PATIENCE, and when it is back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._down_since: dict[str, float] = {}
        self._told: set[str] = set()

    def check(self, connections: Iterable[ConnectionStatus]) -> Iterator[AlarmEvent]:
        """What is new in these."""
        for one in connections:
            if one.state.is_away:
                since = self._down_since.setdefault(one.name, self._now())
                if self._now() - since >= PATIENCE and one.name not in self._told:
                    self._told.add(one.name)
                    yield AlarmEvent(one.name, f"{one.subject} is away: {one.trouble}", "doctor")
            elif one.state in (Connectivity.UP, Connectivity.IDLE):
                self._down_since.pop(one.name, None)
                if one.name in self._told:
                    self._told.discard(one.name)
                    yield AlarmEvent(one.name, over=True)


def ended(execution: EndedExecution) -> AlarmEvent | None:
    """The end of an execution of this process; a failure is for the ExecutionRule."""
    if execution.status == "failed":
        return None
    why = f" ({execution.reason})" if execution.reason != execution.status else ""
    text = f"{execution.execution_id} {execution.status}{why}"
    return AlarmEvent(f"run {execution.execution_id}", text, alarm=False, bad=False)


def _trouble(agent: AgentStatus) -> str:
    view = agent.view
    # BACKOFF is not told: supervisord tries again, and says FATAL when it gives up
    if view.is_failed and view.state != "BACKOFF":
        note = view.note.removeprefix(view.program or "").lstrip(": ")
        return f"{view.name} {view.state}{f': {note}' if note else ''}"
    return f"{view.name} is {view.note}" if view.is_silent else ""
