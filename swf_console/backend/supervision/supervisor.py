"""The narrow Protocol of a supervisor; testing/supervisor.py has one in memory."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from .records import Changes, Daemon, Explanation, Orphan, Outcome, ProcessStatus, Program

START_SECONDS = 10.0
STOP_SECONDS = 35.0  # longer than the stopwaitsecs of runner, agents and broker
EVERYTHING = "all"


class Supervisor(Protocol):
    """Starts, watches and stops processes.

    `names` are processes, groups (`slice-worker` or `slice-worker:*`) or `all`. Every call but `look` raises
    SupervisorUnreachable where no supervisord of ours answers; a name that is not there is a UsageError.
    Methods may be called from any thread. Timeouts are in seconds.
    """

    def look(self) -> Daemon:
        """What is there; never raises."""
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
    ) -> tuple[Outcome, ...]:
        """Start what does not run; orphans of these processes are ended first.

        Without `settle` a process that has a PID is enough, though it may yet end at once.
        """
        ...

    def stop(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[Outcome, ...]:
        """Stop what runs."""
        ...

    def restart(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[Outcome, ...]:
        """Stop what runs, start all of them; `timeout` holds for each half."""
        ...

    def signal(self, names: Sequence[str], signal_name: str) -> tuple[Outcome, ...]:
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
        """End every orphan, politely and then not; returns those that were ended."""
        ...

    def explain(self, status: ProcessStatus) -> Explanation:
        """The state in words, with advice and what the process said last."""
        ...
