"""The rules of alarms, checked in the background whichever screen is open."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

from ..backend.core.errors import SwfError
from ..backend.database import executions
from ..backend.database.records.workflows import ExecutionFilter, ExecutionSummary
from ..backend.services.alarms.rules import (
    AgentRule,
    AlarmEvent,
    BrokerRule,
    ConnectionRule,
    ExecutionRule,
    ended,
)
from ..backend.services.broker.problems import BrokerProblem
from ..backend.services.executions.progress import EndedExecution
from ..backend.services.health.broker import probe_problems
from ..backend.services.health.connection import ConnectionStatus
from ..backend.services.health.probe import Probe
from .agents.monitor import AgentMonitor, AgentSource

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
BROKER_SECONDS = 30.0
MAX_FAILURES = 50


class AlarmSource(AgentSource, Protocol):
    """The part of a console's context that the rules check."""

    @property
    def namespace(self) -> str | None: ...

    def connections(self) -> Sequence[ConnectionStatus]: ...

    def take_ended(self) -> Sequence[EndedExecution]: ...


class AlarmMonitor:
    """Checks every two seconds in a thread. `take` never blocks."""

    def __init__(self, source: AlarmSource) -> None:
        self._source = source
        self._agents = AgentMonitor(source)
        self._agent_rule = AgentRule()
        self._execution_rule = ExecutionRule(datetime.now(UTC))
        self._connection_rule = ConnectionRule()
        self._broker_rule = BrokerRule()
        self._broker_probe: Probe[list[BrokerProblem] | None] | None = None
        self._broker_next = 0.0
        self._events: list[AlarmEvent] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="alarms", daemon=True)

    def start(self) -> None:
        """Start checking."""
        self._thread.start()

    def close(self, timeout: float = 0.5) -> None:
        """Stop checking; waits at most `timeout` seconds for a check under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def take(self) -> list[AlarmEvent]:
        """The events since the last call."""
        with self._lock:
            events, self._events = self._events, []
        return [*self._connection_rule.check(self._source.connections()), *events]

    def check(self) -> None:
        """Check once; blocks."""
        events = [
            *self._agent_rule.check(self._agents.snapshot()),
            *self._execution_rule.check(self._failed()),
            *self._ended(),
            *self._broker(),
        ]
        with self._lock:
            self._events += events

    def _watch(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self.check()
            except Exception:
                log.exception("alarms could not be checked, trying again")

    def _failed(self) -> Iterable[ExecutionSummary]:
        wanted = ExecutionFilter(status="failed", namespace=self._source.namespace)
        try:
            with self._source.database().read() as connection:
                return executions.page(connection, wanted, limit=MAX_FAILURES).items
        except SwfError:
            return ()  # ConnectionRule reports the database

    def _broker(self) -> Iterator[AlarmEvent]:
        """Check the broker's answer, if it has come; a new question is put every half minute."""
        now = time.monotonic()
        if self._broker_probe is None:
            if now >= self._broker_next:
                self._broker_next = now + BROKER_SECONDS
                self._broker_probe = Probe(lambda: probe_problems(self._source.settings))
            return
        nothing_yet: list[BrokerProblem] = []
        problems = self._broker_probe.within(0.0, lambda: nothing_yet)
        if problems is nothing_yet:
            return
        self._broker_probe = None
        if problems is not None:  # ConnectionRule reports a broker that is not reachable
            yield from self._broker_rule.check(problems)

    def _ended(self) -> Iterator[AlarmEvent]:
        return (event for one in self._source.take_ended() if (event := ended(one)))
