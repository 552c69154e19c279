"""What a supervisor does, and what it says of processes, as frozen dataclasses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class ProcessState(StrEnum):
    """The states of supervisord, under its names."""

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
        """Whether there is no process, and none will be started without a request."""
        return self in (self.STOPPED, self.EXITED, self.FATAL, self.UNKNOWN)


class DaemonState(StrEnum):
    """What was found where supervisord should answer."""

    RUNNING = "running"
    ABSENT = "absent"  # no socket
    STALE = "stale"  # a socket on which nothing listens
    DEAF = "deaf"  # the process lives, its socket is gone
    FROZEN = "frozen"  # it takes the call and does not answer
    FOREIGN = "foreign"  # another program answers
    STOPPING = "stopping"

    @property
    def startable(self) -> bool:
        """Whether supervisord can be started here."""
        return self in (self.ABSENT, self.STALE)


@dataclass(frozen=True, slots=True)
class Daemon:
    """supervisord itself; `message` and `advice` say what is wrong and what to do about it."""

    state: DaemonState
    pid: int | None = None
    message: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process; `since` is when it started or, where it has ended, when it did.

    `exit_status` is known in EXITED only; -1: ended by a signal.
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
        """The name that supervisord knows it by: `group:process`, or one word where both are equal."""
        return self.process if self.group == self.process else f"{self.group}:{self.process}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A state in words, and what to do about it."""

    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.text}. {self.advice}" if self.advice else self.text


@dataclass(frozen=True, slots=True)
class Orphan:
    """A process of ours that outlived its supervisord."""

    process: str
    pid: int
    since: datetime | None = None


class Effect(StrEnum):
    """What a request has done to a process."""

    STARTED = "started"
    RAN_ALREADY = "ran already"
    STOPPED = "stopped"
    WAS_STOPPED = "was not running"
    RESTARTED = "restarted"
    SIGNALLED = "signalled"
    FAILED = "failed"
    STILL_WAITING = "still waiting"


@dataclass(frozen=True, slots=True)
class ProcessOutcome:
    """What became of one process; `replaced` is the PID of an orphan that was ended first."""

    status: ProcessStatus
    effect: Effect
    explanation: Explanation | None = None
    replaced: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the process is where it was wanted."""
        return self.effect not in (Effect.FAILED, Effect.STILL_WAITING)


@dataclass(frozen=True, slots=True)
class Changes:
    """Groups that a new configuration added, changed (restarted where they ran) and removed (stopped)."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A program that a configuration wants.

    With a script it is a program of its own; without one it is one of agents.supervisord.conf, and only
    `count` is new. `options`: see programs.OPTIONS.
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

    `names` are processes, groups (`slice-worker` or `slice-worker:*`) or `all`. Every call but `look` raises
    SupervisorUnreachable where no supervisord of ours answers; a name that is not there is a UsageError.
    Methods may be called from any thread. Timeouts are in seconds.
    """

    def probe(self) -> Daemon:
        """What answers there; never raises."""
        ...

    def ensure_running(self) -> Daemon:
        """Start supervisord where there is none; it is left running."""
        ...

    def shutdown(self, timeout: float = STOP_SECONDS) -> None:
        """Stop every process, then supervisord itself; TimedOut where that takes longer."""
        ...

    def processes(self) -> tuple[ProcessStatus, ...]:
        """Every process, by group and name."""
        ...

    def start(
        self, names: Sequence[str], timeout: float = START_SECONDS, *, settle: bool = True
    ) -> tuple[ProcessOutcome, ...]:
        """Start what does not run; orphans of these processes are ended first.

        Without `settle` a process that has a PID is enough, though it may yet end at once.
        """
        ...

    def stop(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[ProcessOutcome, ...]:
        """Stop what runs."""
        ...

    def restart(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[ProcessOutcome, ...]:
        """Stop what runs, start all of them; `timeout` holds for each half."""
        ...

    def signal(self, names: Sequence[str], signal_name: str) -> tuple[ProcessOutcome, ...]:
        """Send a signal (`HUP`, `USR1`) to what runs."""
        ...

    def reread(self) -> Changes:
        """Read the configuration again and apply it."""
        ...

    def declare(self, programs: Sequence[Program]) -> Changes:
        """Add or change programs; the others stay. Applied at once where supervisord runs."""
        ...

    def forget(self, names: Sequence[str]) -> Changes:
        """Take declared programs away again, stopping them."""
        ...

    def set_environment(self, environment: Mapping[str, str]) -> None:
        """What every program gets at its next start."""
        ...

    def orphans(self) -> tuple[Orphan, ...]:
        """Processes that outlived their supervisord."""
        ...

    def end_orphans(self, timeout: float = STOP_SECONDS) -> tuple[Orphan, ...]:
        """SIGTERM to every orphan, then SIGKILL; returns those that have ended."""
        ...

    def explain(self, status: ProcessStatus) -> Explanation:
        """The state in words, with advice and what the process said last."""
        ...
