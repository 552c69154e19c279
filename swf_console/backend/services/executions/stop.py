"""Stop an execution of any process through the database, and wait for its end."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from ...core.destinations import CONTROL_QUEUE
from ...core.errors import Refused, TimedOut
from ...core.format import instant, process_of
from ...core.settings import Settings
from ...database import Database, executions
from ...database.connection.engine import server_time
from ...database.records.workflows import Execution
from ...messaging.client import requester_of, send, sender_of
from ...messaging.message import make
from ..ownership import check_writable
from .outbox import DatabaseOutbox
from .queries import find_execution
from .recovery import sweep

LOOK_SECONDS = 0.1
RUNNING = "running"
STOP = "stop_workflow"


@dataclass(frozen=True, slots=True)
class Stopped:
    """How the execution ended; `seconds` counts from the stop request."""

    execution_id: str
    status: str
    end_time: datetime | None
    seconds: float


def stop_execution(
    settings: Settings, database: Database, execution_id: str, timeout: float = 20.0
) -> Stopped:
    """Request a stop and wait for the end.

    A runner of this project reads the request in the database; any other is sent stop_workflow. Raises
    UsageError for an unknown execution, Refused for one that is not running, TimedOut if it is still running
    after `timeout` wall seconds (the request then stays), BrokerUnreachable for one of another runner.
    """
    check_writable(database, settings.user)
    sweep(settings, database)
    found = find_execution(database, execution_id)
    with database.write() as connection:
        requested = executions.request_stop(connection, execution_id, server_time(connection))
    if not requested:
        raise _not_running(find_execution(database, execution_id))
    if found.owner is None:
        _send_stop(settings, database, found)
    started = time.monotonic()
    pause = threading.Event()
    while (found := find_execution(database, execution_id)).status == RUNNING:
        if time.monotonic() - started > timeout:
            raise _still_running(found, timeout)
        pause.wait(LOOK_SECONDS)
    return Stopped(execution_id, found.status, found.end_time, time.monotonic() - started)


def force_terminate(
    settings: Settings, database: Database, execution_id: str, reason: str = "no process was running it"
) -> Stopped:
    """Write `terminated` into a `running` execution that no process runs, with the user and the `reason`.

    Raises UsageError for an unknown execution, Refused for one that is not running or that a process holds
    a lease on: such an execution has to be stopped, so that end_run is sent.
    """
    check_writable(database, settings.user)
    sweep(settings, database)
    found = find_execution(database, execution_id)
    if found.status != RUNNING:
        raise Refused(f"{execution_id} is not running (status: {found.status})")
    with database.write() as connection:
        now = server_time(connection)
        leased = found.lease_expires_at is not None and found.lease_expires_at >= now
        ended = not leased and executions.finish(
            connection,
            execution_id,
            status="terminated",
            end_time=now,
            error_message=f"force terminated by {settings.user}: {reason}",
            lease_expired_before=now if found.lease_expires_at is not None else None,
        )
    if leased:
        raise Refused(
            f"{execution_id} is running in {process_of(found.owner)}",
            "Stop it instead, so that end_run is sent",
        )
    after = find_execution(database, execution_id)
    if not ended:
        raise Refused(f"{execution_id} is not running (status: {after.status})")
    return Stopped(execution_id, after.status, after.end_time, 0.0)


def _send_stop(settings: Settings, database: Database, execution: Execution) -> None:
    content = {"msg_type": STOP, "execution_id": execution.execution_id, "source": requester_of(settings)}
    message = make(
        CONTROL_QUEUE, content, sender=sender_of(settings), namespace=execution.namespace or settings.user
    )
    send(settings, DatabaseOutbox(database), [message])


def _not_running(execution: Execution) -> Refused:
    when = f" at {instant(execution.end_time)} UTC" if execution.end_time else ""
    return Refused(
        f"{execution.execution_id} is not running (status: {execution.status}{when})",
        "List running executions: swf-console executions --status running",
    )


def _still_running(execution: Execution, timeout: float) -> TimedOut:
    if execution.owner is None:
        return TimedOut(
            f"{execution.execution_id} is still running after {timeout:g} s; stop requested of its runner",
            f"If no program runs it any more: swf-console executions end {execution.execution_id}",
        )
    process = process_of(execution.owner)
    return TimedOut(
        f"{execution.execution_id} is still running after {timeout:g} s; stop requested",
        f"It runs in {process}. Check again later: swf-console executions show {execution.execution_id}",
    )
