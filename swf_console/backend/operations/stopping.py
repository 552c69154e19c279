"""Ending an execution that any process runs, through the database, and seeing it end."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from ..database import Database, clock, executions
from ..database.records import Execution
from ..errors import Refused, TimedOut
from ..settings import Settings
from .listing import find_execution
from .orphans import sweep

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
    sweep(settings, database)
    found = find_execution(database, execution_id)
    with database.write() as connection:
        asked = executions.request_stop(connection, execution_id, clock.now(connection))
    if not asked:
        raise _not_running(find_execution(database, execution_id))
    began = time.monotonic()
    pause = threading.Event()
    while (found := find_execution(database, execution_id)).status == RUNNING:
        if time.monotonic() - began > timeout:
            raise _still_running(found, timeout)
        pause.wait(LOOK_SECONDS)
    return Stopped(execution_id, found.status, found.end_time, time.monotonic() - began)


def _not_running(execution: Execution) -> Refused:
    when = f" at {execution.end_time:%Y-%m-%d %H:%M:%S} UTC" if execution.end_time else ""
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
