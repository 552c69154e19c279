"""Agents at one time: plain values, which load no library."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from ...core.format import with_advice
from ...supervisor.base import ProcessState, ProcessStatus

SILENT = timedelta(seconds=90)
FAILED = (ProcessState.FATAL, ProcessState.UNKNOWN, ProcessState.BACKOFF)


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent for display; `note` names a problem. Ages are in seconds."""

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

    @property
    def is_up(self) -> bool:
        """Whether its process is running or starting."""
        return self.state in (ProcessState.RUNNING, ProcessState.STARTING)

    @property
    def is_silent(self) -> bool:
        """Whether its process is running, and its heartbeat is too old."""
        age = self.heartbeat_seconds
        return self.state == ProcessState.RUNNING and age is not None and age > SILENT.total_seconds()

    @property
    def is_failed(self) -> bool:
        """Whether supervisord failed to keep it running."""
        return self.state in FAILED


@dataclass(frozen=True, slots=True)
class SupervisorSnapshot:
    """supervisord of this home, and its processes."""

    state: str
    message: str = ""
    advice: str = ""
    pid: int | None = None
    processes: tuple[ProcessStatus, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def trouble(self) -> str:
        """Why supervisord is not available, and what to do."""
        return with_advice(self.message, self.advice)


class AgentStatus(NamedTuple):
    """One agent. `needed`: the configured workflow needs it. `cpu` is in percent of a core."""

    view: AgentView
    needed: bool = False
    cpu: float | None = None

    @property
    def key(self) -> str:
        """Its identity in lists, independent of its process."""
        return self.view.program or self.view.name


class AgentsSnapshot(NamedTuple):
    """Every agent, and which source did not answer. `configuration` is that of testbed.toml.

    `heard_seconds` is the age of the heartbeats, if the database has not answered since; `seen_seconds` is
    the age of the processes, if supervisord has not answered since.
    """

    lines: tuple[AgentStatus, ...]
    supervisor: str
    supervisor_trouble: str = ""
    database_trouble: str = ""
    heard_seconds: float | None = None
    seen_seconds: float | None = None
    configuration: str = ""
    configuration_trouble: str = ""
    missing: tuple[str, ...] = ()
