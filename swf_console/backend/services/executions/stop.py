"""Ending an execution that any process runs, through the database, and seeing it end."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from ...core.errors import Refused, TimedOut
from ...core.format import instant
from ...core.settings import Settings
from ...database import Database, executions
from ...database.connection.engine import server_time
from ...database.records.workflows import Execution
from ..ownership import check_writable
from .queries import find_execution
from .recovery import sweep

LOOK_SECONDS = 0.1
RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Stopped:
    """How the execution ended; `seconds` is how long that took from the request."""

    execution_id: str
    status: str
    end_time: datetime | None
    seconds: float


def stop_execution(
    settings: Settings, database: Database, execution_id: str, timeout: float = 10.0
) -> Stopped:
    """Ask an execution to stop and wait for its end.

    Raises UsageError for an unknown one, Refused for one that does not run, TimedOut where it still runs
    after `timeout` wall seconds; the request then stays.
    """
    check_writable(database, settings.user)
    sweep(settings, database)
    found = find_execution(database, execution_id)
    with database.write() as connection:
        asked = executions.request_stop(connection, execution_id, server_time(connection))
    if not asked:
        raise _not_running(find_execution(database, execution_id))
    began = time.monotonic()
    pause = threading.Event()
    while (found := find_execution(database, execution_id)).status == RUNNING:
        if time.monotonic() - began > timeout:
            raise _still_running(found, timeout)
        pause.wait(LOOK_SECONDS)
    return Stopped(execution_id, found.status, found.end_time, time.monotonic() - began)


def force_terminate(settings: Settings, database: Database, execution_id: str) -> Stopped:
    """Write `terminated` into an execution that stays `running` without a process that runs it.

    Raises UsageError for an unknown one, Refused for one that does not run, and for one whose runner holds
    a lease on it: that one has to be stopped, so that its agents are told.
    """
    check_writable(database, settings.user)
    sweep(settings, database)
    found = find_execution(database, execution_id)
    if found.status != RUNNING:
        raise Refused(f"{execution_id} does not run: it is {found.status}")
    with database.write() as connection:
        now = server_time(connection)
        leased = found.lease_expires_at is not None and found.lease_expires_at >= now
        ended = not leased and executions.finish(
            connection,
            execution_id,
            status="terminated",
            end_time=now,
            error_message=f"written off by {settings.user}: nobody was known to run it",
            lease_expired_before=now if found.lease_expires_at is not None else None,
        )
    if leased:
        raise Refused(f"{found.owner} runs {execution_id}", "Stop it instead, so that its agents are told")
    after = find_execution(database, execution_id)
    if not ended:
        raise Refused(f"{execution_id} does not run: it is {after.status}")
    return Stopped(execution_id, after.status, after.end_time, 0.0)


def _not_running(execution: Execution) -> Refused:
    when = f" at {instant(execution.end_time)} UTC" if execution.end_time else ""
    return Refused(
        f"{execution.execution_id} does not run: it is {execution.status}{when}",
        "List what runs: swf-console executions --status running",
    )


def _still_running(execution: Execution, timeout: float) -> TimedOut:
    owner = execution.owner or "a program without a lease, which may not listen"
    return TimedOut(
        f"{execution.execution_id} still runs after {timeout:g} s; it is asked to stop",
        f"{owner} executes it: look there, or wait and look again: swf-console executions show "
        f"{execution.execution_id}",
    )
