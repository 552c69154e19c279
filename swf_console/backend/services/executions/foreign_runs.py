"""DAQ states of runs that another runner executes, from the messages that announce them."""

from collections.abc import Iterable, Iterator, Sequence

from ...database import Connection, executions, runs
from ...database.records.workflows import RunState, StateEvent
from ...messaging.message import IncomingMessage
from ...simulation.runner import STATES
from .queries import table

PHASES = {
    "run_imminent": "imminent",
    "start_run": "physics",
    "pause_run": "standby",
    "resume_run": "physics",
    "end_run": "ended",
}


def record_states(connection: Connection, arrived: Sequence[IncomingMessage]) -> None:
    """Store the states that messages of other runners announce; each once, an older one never over a newer.

    A runner of this project stores its states itself, with the messages.
    """
    announced = list(_announced(arrived))
    if not announced:
        return
    owned = executions.owned(connection, {one.execution_id for one in announced if one.execution_id})
    for message in announced:
        if message.execution_id in owned:
            continue
        event = _event(message)
        if not runs.is_new_event(connection, event):
            continue
        runs.insert_events(connection, [event])
        runs.upsert_run_state(connection, _state(event, message), unless_newer=True)


def _announced(arrived: Iterable[IncomingMessage]) -> Iterator[IncomingMessage]:
    for message in arrived:
        run_id = message.run_id or ""
        if message.msg_type in STATES and run_id.isascii() and run_id.isdecimal() and len(run_id) < 10:
            yield message


def _event(message: IncomingMessage) -> StateEvent:
    kind = message.msg_type or ""
    state, substate = STATES[kind]
    return StateEvent(message.sent_at, int(message.run_id or 0), kind, state, substate, message.content or {})


def _state(event: StateEvent, message: IncomingMessage) -> RunState:
    workers = table(message.content).get("target_worker_count")
    return RunState(
        run_number=event.run_number,
        phase=PHASES[event.event_type],
        state=event.state,
        substate=event.substate,
        target_worker_count=workers if isinstance(workers, int) and 0 <= workers < 10**6 else 0,
        state_changed_at=event.timestamp,
        metadata={"execution_id": message.execution_id},
    )
