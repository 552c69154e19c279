"""One agent as an operator sees it."""

from dataclasses import dataclass
from datetime import timedelta

SILENT = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent as an operator sees it; `note` says what does not fit together. Ages are seconds."""

    name: str
    program: str | None
    state: str | None
    pid: int | None
    up_seconds: float | None
    agent_type: str | None
    operational_state: str | None
    heartbeat_seconds: float | None
    namespace: str | None
    host: str | None
    note: str = ""
    stf_count: int | None = None
