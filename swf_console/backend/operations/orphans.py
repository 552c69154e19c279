"""Executions whose process was killed: found by their lease, closed as failed, their agents told."""

import logging
from dataclasses import dataclass
from datetime import datetime

from ..database import Connection, Database, clock, executions, messages, states
from ..database.records import ExecutionSummary, MessageFilter, MessageSummary, RunState, StateEvent
from ..errors import SwfError
from ..messaging.messages import OutgoingMessage, make
from ..settings import Settings

log = logging.getLogger(__name__)

EPICTOPIC = "/topic/epictopic"
FAREWELL_SECONDS = 3.0
MOST_COUNTED = 10_000_000


@dataclass(frozen=True, slots=True)
class Orphan:
    """An execution that was closed here; `farewell` is the end_run that its agents have not had."""

    execution_id: str
    farewell: OutgoingMessage | None


def close_orphans(database: Database, *, dead_owner: str | None = None) -> list[Orphan]:
    """Close as `failed` what has an expired lease, and all that `dead_owner` left, known to be dead.

    Several processes may do so at once: each execution is closed by one of them.
    """
    if database.read_only:
        return []
    with database.read() as connection:
        now = clock.now(connection)
        found = executions.expired(connection, now)
        if dead_owner:
            found += executions.owned_by(connection, dead_owner)
    unique = {execution.execution_id: execution for execution in found}
    closed = [_close(database, execution, now, dead_owner) for execution in unique.values()]
    return [orphan for orphan in closed if orphan]


def sweep(settings: Settings, database: Database, *, dead_owner: str | None = None) -> list[str]:
    """Close orphans and tell their agents, as far as a broker can be reached; returns the ids."""
    orphans = close_orphans(database, dead_owner=dead_owner)
    farewells = [orphan.farewell for orphan in orphans if orphan.farewell]
    if farewells:
        try:
            say_farewell(settings, database, farewells)
        except SwfError as error:
            log.warning("end_run of %d orphans was not sent: %s", len(farewells), error)
    return [orphan.execution_id for orphan in orphans]


def say_farewell(settings: Settings, database: Database, farewells: list[OutgoingMessage]) -> None:
    """Send what the dead can no longer send; BrokerUnreachable where nobody could hear it."""
    from ..messaging.address import running_broker
    from ..messaging.connection import Connection as BrokerConnection
    from ..messaging.publisher import Publisher
    from .ledger import Ledger

    connection = BrokerConnection(lambda: running_broker(settings))
    connection.start()
    try:
        connection.wait_up(FAREWELL_SECONDS)
        publisher = Publisher(connection, Ledger(database))
        for farewell in farewells:
            publisher.publish(farewell)
        publisher.close(FAREWELL_SECONDS)
    finally:
        connection.stop()


def _close(
    database: Database, execution: ExecutionSummary, now: datetime, dead_owner: str | None
) -> Orphan | None:
    known_dead = execution.owner == dead_owner
    with database.write() as connection:
        ours = executions.finish(
            connection,
            execution.execution_id,
            status="failed",
            end_time=now,
            performance_metrics={"reason": "failed"},
            error_message=f"its process was killed: {execution.owner} ended without a word"
            + ("" if known_dead else f" and its lease ran out at {execution.lease_expires_at:%H:%M:%S} UTC"),
            lease_expired_before=None if known_dead else now,
        )
        if not ours:
            return None
        announced = messages.page(connection, _of(execution, "run_imminent"), limit=1).items
        ended = messages.has(connection, execution.execution_id, "end_run")
        total = messages.count(connection, _of(execution, "stf_gen"), MOST_COUNTED)
        if ended or not announced:
            return Orphan(execution.execution_id, None)
        farewell = _end_run(announced[0], total, now)
        _end_state(connection, farewell)
        return Orphan(execution.execution_id, farewell)


def _of(execution: ExecutionSummary, message_type: str) -> MessageFilter:
    return MessageFilter(execution_id=execution.execution_id, message_type=message_type)


def _end_run(announced: MessageSummary, total: int, now: datetime) -> OutgoingMessage:
    content = {
        "msg_type": "end_run",
        "run_id": announced.run_id,
        "execution_id": announced.execution_id,
        "namespace": announced.namespace,
        "sender": announced.sender_agent,
        "timestamp": now.isoformat(),
        "state": "beam",
        "substate": "not_ready",
        "total_stf_files": total,
        "total_files": total,
        "reason": "failed",
    }
    return make(announced.queue_name or EPICTOPIC, content)


def _end_state(connection: Connection, farewell: OutgoingMessage) -> None:
    if not (farewell.run_id and farewell.run_id.isdecimal()):
        return
    number = int(farewell.run_id)
    event = StateEvent(farewell.created_at, number, "end_run", "beam", "not_ready", farewell.content)
    states.insert_events(connection, [event])
    states.upsert_run_state(
        connection,
        RunState(
            run_number=number,
            phase="ended",
            state="beam",
            substate="not_ready",
            target_worker_count=0,
            state_changed_at=farewell.created_at,
        ),
    )
