"""Agents at one moment: plain values, which load no library."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from ...core.format import with_advice
from ...supervisor.base import ProcessState, ProcessStatus

SILENT = timedelta(seconds=90)
FAILED = (ProcessState.FATAL, ProcessState.UNKNOWN, ProcessState.BACKOFF)


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

    @property
    def is_up(self) -> bool:
        """Whether its process runs, or is about to."""
        return self.state in (ProcessState.RUNNING, ProcessState.STARTING)

    @property
    def is_silent(self) -> bool:
        """Whether its process runs and has sent no heartbeat for too long."""
        age = self.heartbeat_seconds
        return self.state == ProcessState.RUNNING and age is not None and age > SILENT.total_seconds()

    @property
    def is_failed(self) -> bool:
        """Whether supervisord cannot keep it running."""
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
        """Why it is not there, and what to do about it."""
        return with_advice(self.message, self.advice)


class AgentStatus(NamedTuple):
    """One agent. `needed`: the configured workflow needs it. `cpu` is in percent of a core."""

    view: AgentView
    needed: bool = False
    cpu: float | None = None

    @property
    def key(self) -> str:
        """What it is known by, whatever its process."""
        return self.view.program or self.view.name


class AgentsSnapshot(NamedTuple):
    """Every agent, and what could not be asked. `configuration` is what testbed.toml would run.

    `heard_seconds` is how old the heartbeats are where the database has not answered since, and
    `seen_seconds` how old the processes are where supervisord has not.
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
