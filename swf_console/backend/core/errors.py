"""The exception tree: every error that reaches a user, with its advice and its exit code.

SwfError                      exit 1
├── UsageError                exit 2   bad input; nothing was written or sent
│   ├── ConfigurationError             a TOML file, a parameter, an override
│   ├── WorkflowFileError              a workflow's Python file
│   ├── NamespaceError                 no usable namespace
│   ├── DatabaseUnusable               cannot be opened, newer, read-only, full
│   └── PortInUse                      another process listens on it
├── ExecutionFailed           exit 1   the run itself failed
├── BackendUnreachable        exit 3
│   ├── BrokerUnreachable
│   ├── DatabaseUnreachable
│   └── SupervisorUnreachable
├── TimedOut                  exit 4
└── Refused                   exit 5   understood and rejected
"""

from dataclasses import dataclass, field
from pathlib import Path


class SwfError(Exception):
    """An error in one line for the user: what is wrong, and `advice`, what to do about it."""

    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}. {self.advice}" if self.advice else self.message


class UsageError(SwfError):
    """Bad input: nothing was written or sent."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file or an argument, with everything needed to fix it."""

    message: str
    remedy: str = ""
    file: Path | str | None = None
    line: int | None = None
    column: int | None = None
    field: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        subject = " = ".join(part for part in (self.field, self.value) if part is not None)
        head = ": ".join(part for part in (place, subject, self.message) if part)
        return f"{head}. {self.remedy}" if self.remedy else head


class ConfigurationError(UsageError):
    """One or more problems of a configuration; its text has a line for each."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class WorkflowFileError(UsageError):
    """A workflow's Python file is missing, is not valid Python, or has no WorkflowExecutor."""


class NamespaceError(UsageError):
    """The namespace is missing, empty, the placeholder, or not a valid name."""


class DatabaseUnusable(UsageError):
    """The database cannot be opened, has a newer version, is read-only, or is full."""


class DiskFull(UsageError):
    """The disk of the state directory is full, or has no free inodes."""

    exit_code = 3


class DatabaseFull(DatabaseUnusable):
    """The disk of the database is full, or has no free inodes."""

    exit_code = 3


class DatabaseReplaced(DatabaseUnusable):
    """The database was moved, deleted or replaced while this process had it open."""


class PortInUse(UsageError):
    """Another program listens on the requested port."""


class ExecutionFailed(SwfError):
    """An execution ended in `failed`."""


class BackendUnreachable(SwfError):
    """A backend is not reachable."""

    exit_code = 3


class BrokerUnreachable(BackendUnreachable):
    """The STOMP broker did not answer, or refused the connection."""


class DatabaseUnreachable(BackendUnreachable):
    """The database server did not answer, or refused the connection."""


class SupervisorUnreachable(BackendUnreachable):
    """supervisord did not answer."""


class TimedOut(SwfError):
    """The awaited event did not happen within the given time."""

    exit_code = 4


class Refused(SwfError):
    """The request was understood and rejected."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An error as data, for `--json` and for replies to a message."""

    error: str
    advice: str = ""
    exit_code: int = 1
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, error: SwfError) -> "ErrorReport":
        """The report of `error`; each problem of a ConfigurationError is a separate line."""
        problems = [str(problem) for problem in getattr(error, "problems", ())]
        return cls(error.message, error.advice, error.exit_code, problems)
