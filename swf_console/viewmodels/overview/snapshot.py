"""What the overview shows: plain values, which load no library."""

from datetime import datetime
from typing import NamedTuple

from ...backend.services.agents.snapshot import AgentsSnapshot
from ...backend.services.executions.progress import ExecutionProgress


class Change(NamedTuple):
    """Something that happened. `tone` is ok, watch, bad or plain; `execution_id` is what to open."""

    at: datetime
    tone: str
    text: str
    execution_id: str = ""


class Verdict(NamedTuple):
    """The one sentence. `screen` is where to go for it."""

    tone: str
    text: str
    screen: str = ""


class OverviewSnapshot(NamedTuple):
    """Everything on the screen. `database_trouble` says why what comes from there is not known."""

    verdict: Verdict
    agents: AgentsSnapshot
    running: tuple[ExecutionProgress, ...] = ()
    running_count: int = 0
    changes: tuple[Change, ...] = ()
    rates: tuple[int, ...] = ()
    database_trouble: str = ""
