"""An execution that nobody runs any more is written off; one that runs is stopped instead."""

from ..database import Database, clock, executions
from ..errors import Refused
from ..settings import Settings
from .listing import find_execution
from .orphans import sweep
from .stopping import Stopped

RUNNING = "running"


def end_execution(settings: Settings, database: Database, execution_id: str) -> Stopped:
    """Write `terminated` into an execution that stays `running` with nobody to end it.

    Raises UsageError for an unknown one, Refused for one that does not run, and for one whose runner holds
    a lease on it: that one has to be stopped, so that its agents are told.
    """
    sweep(settings, database)
    found = find_execution(database, execution_id)
    if found.status != RUNNING:
        raise Refused(f"{execution_id} does not run: it is {found.status}")
    with database.write() as connection:
        now = clock.now(connection)
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
