"""The rules that raise alarms: agents, executions, the broker's store, connections."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ...core.format import with_advice
from ...database.records.workflows import ExecutionSummary
from ..agents.snapshot import AgentsSnapshot, AgentStatus
from ..broker.problems import BrokerProblem
from ..executions.progress import EndedExecution
from ..health.connection import ConnectionStatus, Connectivity

# seconds; a shorter outage raises no alarm
PATIENCE = 5.0
SLOW_PATIENCE = 30.0  # a backend under load may not answer for a while


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """A change that a rule reports once. `over`: the cause of `key` has ended.

    `screen` and `where` lead to its subject; without `alarm` it is only a message.
    """

    key: str
    text: str = ""
    screen: str = ""
    where: dict[str, object] = field(default_factory=dict)
    alarm: bool = True
    bad: bool = True
    over: bool = False


class AgentRule:
    """Agents that fail or send no heartbeat: when it starts and when it ends."""

    def __init__(self) -> None:
        self._active: set[str] = set()

    def check(self, snapshot: AgentsSnapshot) -> Iterator[AlarmEvent]:
        """Changes since the last snapshot."""
        now: set[str] = set()
        for agent in snapshot.lines:
            text = _trouble(agent)
            if not text:
                continue
            key = f"agent {agent.key}"
            now.add(key)
            if key not in self._active:
                yield AlarmEvent(key, text, "agents", {"agent": agent.key})
        known = snapshot.supervisor == "running" and not snapshot.database_trouble
        over = self._active - now if known else set()
        yield from (AlarmEvent(key, over=True) for key in sorted(over))
        self._active = (self._active - over) | now


class ExecutionRule:
    """Executions that failed after `since`."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._failed: set[str] = set()

    def check(self, failed: Iterable[ExecutionSummary]) -> Iterator[AlarmEvent]:
        """Failures that were not reported yet."""
        for one in failed:
            if one.end_time and one.end_time > self._since and one.execution_id not in self._failed:
                self._failed.add(one.execution_id)
                text = f"{one.execution_id} failed: {one.error_message or 'no reason given'}"
                yield AlarmEvent(
                    f"execution {one.execution_id}", text, "executions", {"execution": one.execution_id}
                )


class BrokerRule:
    """A store that is nearly full or refuses messages, and backlogs without a client."""

    def __init__(self) -> None:
        self._active: dict[str, bool] = {}

    def check(self, problems: Iterable[BrokerProblem]) -> Iterator[AlarmEvent]:
        """Changes since the last check; a warning becomes an alarm once messages are refused."""
        now: dict[str, bool] = {}
        for one in problems:
            key = f"broker {one.subject}"
            now[key] = one.refuses
            if self._active.get(key) is not one.refuses:
                text = with_advice(one.text, one.advice)
                yield AlarmEvent(key, text, "broker", bad=one.refuses)
        yield from (AlarmEvent(key, over=True) for key in sorted(self._active.keys() - now.keys()))
        self._active = now


class ConnectionRule:
    """Connections that are down for longer than PATIENCE, and their return."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._down_since: dict[str, float] = {}
        self._reported: set[str] = set()

    def check(self, connections: Iterable[ConnectionStatus]) -> Iterator[AlarmEvent]:
        """Changes since the last check."""
        for one in connections:
            if one.state.is_away or one.state is Connectivity.SLOW:
                since = self._down_since.setdefault(one.name, self._now())
                patience = PATIENCE if one.state.is_away else SLOW_PATIENCE
                if self._now() - since >= patience and one.name not in self._reported:
                    self._reported.add(one.name)
                    what = "is not reachable" if one.state.is_away else "does not answer"
                    yield AlarmEvent(one.name, f"{one.subject} {what}: {one.trouble}", "doctor")
            elif one.state in (Connectivity.UP, Connectivity.IDLE):
                self._down_since.pop(one.name, None)
                if one.name in self._reported:
                    self._reported.discard(one.name)
                    yield AlarmEvent(one.name, over=True)


def ended(execution: EndedExecution) -> AlarmEvent | None:
    """The end of an execution of this process; failures are reported by ExecutionRule."""
    if execution.status == "failed":
        return None
    why = f" ({execution.reason})" if execution.reason != execution.status else ""
    text = f"{execution.execution_id} {execution.status}{why}"
    return AlarmEvent(f"run {execution.execution_id}", text, alarm=False, bad=False)


def _trouble(agent: AgentStatus) -> str:
    view = agent.view
    # BACKOFF raises no alarm: supervisord retries, and sets FATAL when it gives up
    if view.is_failed and view.state != "BACKOFF":
        note = view.note.removeprefix(view.program or "").lstrip(": ")
        return f"{view.name} {view.state}{f': {note}' if note else ''}"
    return f"{view.name} is {view.note}" if view.is_silent else ""
