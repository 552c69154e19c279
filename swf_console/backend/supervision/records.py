"""What the room tells about processes, as frozen dataclasses."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class ProcessState(StrEnum):
    """supervisord's words for the life of a process."""

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
        """Whether there is no process, and there will be none by itself."""
        return self in (self.STOPPED, self.EXITED, self.FATAL, self.UNKNOWN)


class DaemonState(StrEnum):
    """What was found where supervisord should answer."""

    RUNNING = "running"
    ABSENT = "absent"  # no socket
    STALE = "stale"  # a socket that nobody listens on
    DEAF = "deaf"  # the process lives, its socket is gone
    FROZEN = "frozen"  # it takes the call and does not answer
    FOREIGN = "foreign"  # somebody else answers
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


class Did(StrEnum):
    """What a request did to a process."""

    STARTED = "started"
    RAN_ALREADY = "ran already"
    STOPPED = "stopped"
    WAS_STOPPED = "was not running"
    RESTARTED = "restarted"
    SIGNALLED = "signalled"
    FAILED = "failed"
    STILL_WAITING = "still waiting"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one process; `replaced` is the PID of an orphan that was ended first."""

    status: ProcessStatus
    did: Did
    explanation: Explanation | None = None
    replaced: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the process is where it was wanted."""
        return self.did not in (Did.FAILED, Did.STILL_WAITING)


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
