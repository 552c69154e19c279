"""The interface of a supervisor, and the state of its processes as frozen dataclasses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class ProcessState(StrEnum):
    """The process states of supervisord, with its names."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"
    EXITED = "EXITED"
    FATAL = "FATAL"
    UNKNOWN = "UNKNOWN"

    @property
    def ended(self) -> bool:
        """Whether there is no process, and supervisord starts none without a request."""
        return self in (self.STOPPED, self.EXITED, self.FATAL, self.UNKNOWN)


class DaemonState(StrEnum):
    """The state of supervisord itself."""

    RUNNING = "running"
    ABSENT = "absent"  # no socket
    STALE = "stale"  # a socket without a listener
    DEAF = "deaf"  # the process is running, its socket was removed
    FROZEN = "frozen"  # it accepts the call and does not answer
    FOREIGN = "foreign"  # another program answers
    STOPPING = "stopping"

    @property
    def startable(self) -> bool:
        """Whether supervisord can be started here."""
        return self in (self.ABSENT, self.STALE)


@dataclass(frozen=True, slots=True)
class Daemon:
    """supervisord itself; `message` says what is wrong, `advice` what to do."""

    state: DaemonState
    pid: int | None = None
    message: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process; `since` is the time of its start or, if it has ended, of its end.

    `exit_status` is set in EXITED only; -1: ended by a signal.
    """

    group: str
    process: str
    state: ProcessState
    pid: int | None = None
    since: datetime | None = None
    exit_status: int | None = None
    spawn_error: str = ""
    description: str = ""
    log_file: Path | None = None

    @property
    def name(self) -> str:
        """The name in supervisord: `group:process`, or one word if both are equal."""
        return self.process if self.group == self.process else f"{self.group}:{self.process}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A state in words, and what to do."""

    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.text}. {self.advice}" if self.advice else self.text


@dataclass(frozen=True, slots=True)
class Orphan:
    """A process of this home that outlived its supervisord."""

    process: str
    pid: int
    since: datetime | None = None


class Effect(StrEnum):
    """The effect of a request on a process."""

    STARTED = "started"
    ALREADY_RUNNING = "already running"
    STOPPED = "stopped"
    WAS_STOPPED = "was not running"
    RESTARTED = "restarted"
    SIGNALLED = "signalled"
    FAILED = "failed"
    STILL_WAITING = "still waiting"


@dataclass(frozen=True, slots=True)
class ProcessOutcome:
    """The result of a request for one process; `replaced` is the PID of an orphan that was ended first."""

    status: ProcessStatus
    effect: Effect
    explanation: Explanation | None = None
    replaced: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the process is in the requested state."""
        return self.effect not in (Effect.FAILED, Effect.STILL_WAITING)


@dataclass(frozen=True, slots=True)
class Changes:
    """Groups that a new configuration added, changed (restarted if running) and removed (stopped)."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A program that a configuration declares.

    With a script it is a new program; without one it is one of agents.supervisord.conf, and only `count`
    is new. `options`: see programs.OPTIONS.
    """

    name: str
    script: str = ""
    count: int | None = None
    options: dict[str, Any] = field(default_factory=dict)


START_SECONDS = 10.0
STOP_SECONDS = 35.0  # longer than the stopwaitsecs of runner, agents and broker
EVERYTHING = "all"


class Supervisor(Protocol):
    """Starts, watches and stops processes.

    `names` are processes, groups (`slice-worker` or `slice-worker:*`) or `all`. Every call but `probe` raises
    SupervisorUnreachable if this home's supervisord does not answer; an unknown name is a UsageError.
    Methods may be called from any thread. Timeouts are in seconds.
    """

    def probe(self) -> Daemon:
        """The state of supervisord; never raises."""
        ...

    def ensure_running(self) -> Daemon:
        """Start supervisord if it is not running; it continues after this process."""
        ...

    def shutdown(self, timeout: float = STOP_SECONDS) -> None:
        """Stop every process, then supervisord itself; TimedOut if that takes longer."""
        ...

    def processes(self) -> tuple[ProcessStatus, ...]:
        """Every process, by group and name."""
        ...

    def start(
        self, names: Sequence[str], timeout: float = START_SECONDS, *, settle: bool = True
    ) -> tuple[ProcessOutcome, ...]:
        """Start what is not running; orphans of these processes are ended first.

        Without `settle` it returns once each has a PID, although the process may still fail.
        """
        ...

    def stop(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[ProcessOutcome, ...]:
        """Stop what is running."""
        ...

    def restart(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[ProcessOutcome, ...]:
        """Stop what is running, start all; `timeout` applies to each half."""
        ...

    def signal(self, names: Sequence[str], signal_name: str) -> tuple[ProcessOutcome, ...]:
        """Send a signal (`HUP`, `USR1`) to what is running."""
        ...

    def reread(self) -> Changes:
        """Read the configuration again and apply it."""
        ...

    def declare(self, programs: Sequence[Program]) -> Changes:
        """Add or change programs; the others stay. Applied immediately if supervisord is running."""
        ...

    def forget(self, names: Sequence[str]) -> Changes:
        """Remove declared programs, stopping them."""
        ...

    def set_environment(self, environment: Mapping[str, str]) -> None:
        """Set the environment of every program from its next start on."""
        ...

    def orphans(self) -> tuple[Orphan, ...]:
        """Processes that outlived their supervisord."""
        ...

    def end_orphans(self, timeout: float = STOP_SECONDS) -> tuple[Orphan, ...]:
        """SIGTERM to every orphan, then SIGKILL; returns those that have ended."""
        ...

    def explain(self, status: ProcessStatus) -> Explanation:
        """The state in words, with advice and the last line of the process's log."""
        ...
