"""Executions whose process is gone: found by their lease, closed as failed, end_run sent."""

import logging
from dataclasses import dataclass
from datetime import datetime

from ...core.destinations import EPICTOPIC
from ...core.errors import SwfError
from ...core.format import process_of
from ...core.settings import Settings
from ...database import Connection, Database, executions, messages, runs
from ...database.connection.engine import server_time
from ...database.records.messages import MessageFilter, MessageSummary
from ...database.records.workflows import ExecutionSummary, RunState, StateEvent
from ...messaging.message import OutgoingMessage, make

log = logging.getLogger(__name__)

SEND_SECONDS = 3.0
MOST_COUNTED = 10_000_000
MOST_SENT_AGAIN = 20_000


@dataclass(frozen=True, slots=True)
class Recovered:
    """A closed execution, and what is still to be sent for it, in this order.

    `undelivered` was recorded by its process and not confirmed by a broker; `end_run` is None if the agents
    had one, or never heard of the run.
    """

    execution_id: str
    undelivered: tuple[OutgoingMessage, ...]
    end_run: OutgoingMessage | None

    @property
    def to_send(self) -> list[OutgoingMessage]:
        """All that is still to be sent."""
        return [*self.undelivered, *([self.end_run] if self.end_run else [])]


def close_expired(
    database: Database, *, dead_owner: str | None = None, killed: bool = False
) -> list[Recovered]:
    """Close as `failed` the executions with an expired lease, and all of `dead_owner`, known to be dead.

    `killed`: its watchdog killed that process because a call held the interpreter lock.

    Several processes may do so at the same time: each execution is closed by one of them.
    """
    if database.read_only:
        return []
    with database.read() as connection:
        now = server_time(connection)
        found = executions.expired(connection, now)
        if dead_owner:
            found += executions.owned_by(connection, dead_owner)
    unique = {execution.execution_id: execution for execution in found}
    closed = [_close(database, execution, now, dead_owner, killed=killed) for execution in unique.values()]
    return [one for one in closed if one]


def sweep(
    settings: Settings, database: Database, *, dead_owner: str | None = None, killed: bool = False
) -> list[str]:
    """Close expired executions and send their end_run if a broker is reachable; returns the ids."""
    recovered = close_expired(database, dead_owner=dead_owner, killed=killed)
    left = [message for one in recovered for message in one.to_send]
    if left:
        try:
            send_left(settings, database, left)
        except SwfError as error:
            log.warning("%d messages of closed executions not sent: %s", len(left), error)
    return [one.execution_id for one in recovered]


def send_left(settings: Settings, database: Database, left: list[OutgoingMessage]) -> None:
    """Send what closed executions have left. Raises BrokerUnreachable."""
    from ...messaging.client import send
    from .outbox import DatabaseOutbox

    send(settings, DatabaseOutbox(database), left, SEND_SECONDS)


def _close(
    database: Database, execution: ExecutionSummary, now: datetime, dead_owner: str | None, *, killed: bool
) -> Recovered | None:
    known_dead = execution.owner == dead_owner
    with database.write() as connection:
        ours = executions.finish(
            connection,
            execution.execution_id,
            status="failed",
            end_time=now,
            performance_metrics={"reason": "failed"},
            error_message=_reason(execution, known_dead=known_dead, killed=killed),
            lease_expired_before=None if known_dead else now,
        )
        if not ours:
            return None
        announced = messages.page(connection, _of(execution, "run_imminent"), limit=1).items
        ended = messages.exists(connection, execution.execution_id, "end_run")
        total = messages.count(connection, _of(execution, "stf_gen"), MOST_COUNTED)
        if not announced:
            return Recovered(execution.execution_id, (), None)
        left = _undelivered(connection, execution.execution_id, announced[0].sender_agent)
        if ended:
            return Recovered(execution.execution_id, left, None)
        end_run = _end_run(announced[0], total, now)
        _end_state(connection, end_run)
        return Recovered(execution.execution_id, left, end_run)


def _undelivered(
    connection: Connection, execution_id: str, sender: str | None
) -> tuple[OutgoingMessage, ...]:
    """What its process recorded and may not have sent, with the same ids: receivers drop duplicates."""
    rows = messages.undelivered(connection, execution_id, sender, MOST_SENT_AGAIN)
    if len(rows) == MOST_SENT_AGAIN:
        log.warning("%s: only the first %d undelivered messages are sent", execution_id, MOST_SENT_AGAIN)
    return tuple(
        make(row.queue_name or EPICTOPIC, row.content, message_id=row.message_id)
        for row in rows
        if isinstance(row.content, dict)
    )


def _reason(execution: ExecutionSummary, *, known_dead: bool, killed: bool) -> str:
    """Only what was observed: a watchdog sees its process end, everyone else sees an expired lease."""
    process = process_of(execution.owner)
    if known_dead and killed:
        return f"{process} was killed: a call held its interpreter lock for 15 s"
    if known_dead:
        return f"{process} ended before this execution did"
    return f"{process} stopped responding: its lease expired at {execution.lease_expires_at:%H:%M:%S} UTC"


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


def _end_state(connection: Connection, end_run: OutgoingMessage) -> None:
    if not (end_run.run_id and end_run.run_id.isdecimal()):
        return
    number = int(end_run.run_id)
    event = StateEvent(end_run.created_at, number, "end_run", "beam", "not_ready", end_run.content)
    runs.insert_events(connection, [event])
    runs.upsert_run_state(
        connection,
        RunState(
            run_number=number,
            phase="ended",
            state="beam",
            substate="not_ready",
            target_worker_count=0,
            state_changed_at=end_run.created_at,
        ),
    )
