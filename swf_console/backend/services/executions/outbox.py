"""The outbox of a process that executes: messages, deliveries and states in one transaction."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...database import Connection, Database, executions, messages, runs
from ...database.records.workflows import RunState
from ...database.records.workflows import StateEvent as EventRow
from ...message_mapping import outgoing_row
from ...messaging.message import Delivery, OutgoingMessage
from ...messaging.outbox import ExecutionsLost
from ...simulation.ports import StateChange

PHASES = {
    ("no_beam", "not_ready"): "idle",
    ("beam", "not_ready"): "imminent",
    ("beam", "ready"): "ready",
    ("run", "physics"): "physics",
    ("run", "standby"): "standby",
}


class DatabaseOutbox:
    """The publisher's outbox over the database; state events are written with the next batch."""

    def __init__(
        self, database: Database, owner: str = "", lost: Callable[[str], object] = lambda _: None
    ) -> None:
        self._database, self._owner, self._lost = database, owner, lost
        self._fenced: set[str] = set()
        self._discarded: set[str | None] = set()
        # held during a transaction, so that what is noted meanwhile is not counted as written
        self._writing = threading.Lock()
        self._noted: list[tuple[StateChange, int]] = []

    def fence(self, execution_id: str) -> None:
        """From now on, record for this execution only while it is running and owned by `owner`."""
        self._fenced.add(execution_id)

    def unfence(self, execution_id: str) -> None:
        """The end of this execution is about to be recorded: what is recorded later needs no proof."""
        self._fenced.discard(execution_id)

    def discard(self, execution_id: str) -> None:
        """Record nothing more of an execution that another process has closed."""
        self._discarded.add(execution_id)

    def note(self, event: StateChange, parameters: Mapping[str, Any]) -> None:
        """Buffer a state event for the next transaction; never waits for the database."""
        self._noted.append((event, int(parameters.get("target_worker_count") or 0)))

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:
        """Write messages before they are sent, deliveries, and the states so far; all or nothing.

        Raises ExecutionsLost, after `lost` for each, if an execution is not running or not ours any more.
        """
        try:
            self._record(new, delivered)
        except ExecutionsLost as error:
            for execution_id in error.executions:
                self._fenced.discard(execution_id)
                self.discard(execution_id)
                self._lost(execution_id)
            raise

    def _record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:
        with self._writing:
            taken = self._noted[:]
            noted = [one for one in taken if _execution_of(one[0]) not in self._discarded]
            with self._database.write() as connection:
                self._prove(connection, {one.execution_id for one in new}, noted)
                if noted:
                    runs.insert_events(connection, [_event_row(event) for event, _ in noted])
                    for state in _latest(noted):
                        runs.upsert_run_state(connection, state)
                if new:
                    # a commit whose result was lost is repeated: rows that exist already are left unchanged
                    messages.record(connection, [outgoing_row(message) for message in new])
                if delivered:
                    messages.mark_delivered(connection, delivered)
            del self._noted[: len(taken)]

    def _prove(
        self,
        connection: Connection,
        concerned: set[str | None],
        noted: Sequence[tuple[StateChange, int]],
    ) -> None:
        """In the transaction that writes: a process that slept longer than its lease writes nothing more."""
        if not self._fenced and not self._discarded:
            return
        # a batch may have been taken before its execution was lost
        lost = concerned & self._discarded
        fenced = self._fenced & {*concerned, *(_execution_of(event) for event, _ in noted)} - lost
        if fenced:
            lost |= fenced - executions.held(connection, self._owner, fenced)
        if lost:
            raise ExecutionsLost({one for one in lost if one})

    def flush(self) -> None:
        """Write the state events that no batch has written yet."""
        if self._noted:
            self.record((), ())


def _execution_of(event: StateChange) -> str | None:
    found = event.event_data.get("execution_id")
    return found if isinstance(found, str) else None


def _latest(noted: Sequence[tuple[StateChange, int]]) -> list[RunState]:
    last = {event.run_number: (event, workers) for event, workers in noted}
    return [_run_state(event, workers) for event, workers in last.values()]


def _run_state(event: StateChange, workers: int) -> RunState:
    is_first = event.event_data.get("simulation_tick") == 0
    over = event.event_type == "end_run" or (event.state == "no_beam" and not is_first)
    phase = "ended" if over else PHASES.get((event.state, event.substate or ""), event.state)
    return RunState(
        run_number=event.run_number,
        phase=phase[:20],
        state=event.state,
        substate=event.substate,
        target_worker_count=workers,
        state_changed_at=event.timestamp,
        metadata={"execution_id": event.event_data.get("execution_id")},
    )


def _event_row(event: StateChange) -> EventRow:
    return EventRow(
        timestamp=event.timestamp,
        run_number=event.run_number,
        event_type=event.event_type,
        state=event.state,
        substate=event.substate,
        event_data=event.event_data,
    )
