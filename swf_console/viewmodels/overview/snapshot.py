"""What the overview shows, as plain values: unpickling it loads no library."""

from typing import NamedTuple

from ...backend.services.agents.snapshot import AgentsSnapshot
from ...backend.services.alarms.verdict import Change, Verdict
from ...backend.services.executions.progress import ExecutionProgress


class OverviewSnapshot(NamedTuple):
    """Everything on the screen. `database_trouble` says why the database's part is unknown."""

    verdict: Verdict
    agents: AgentsSnapshot
    running: tuple[ExecutionProgress, ...] = ()
    running_count: int = 0
    changes: tuple[Change, ...] = ()
    rates: tuple[int, ...] = ()
    database_trouble: str = ""
