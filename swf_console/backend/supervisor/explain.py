"""Process states in words, with advice: what FATAL, BACKOFF and EXITED mean for this process."""

import signal
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import UsageError
from ..core.suggest import nearest
from .base import EVERYTHING, Explanation, ProcessState, ProcessStatus
from .launcher import read_refusal
from .log_follower import last_lines

TOO_QUICKLY = "Exited too quickly"
BY_SIGNAL = -1
LOG_LINES = 20


def explain(status: ProcessStatus, directory: Path, *, orphan: int | None = None) -> Explanation:
    """What `status` means; `directory` holds the refusals of the launcher."""
    if orphan is not None and status.state is not ProcessState.RUNNING:
        return Explanation(
            f"{status.name} is running outside supervisord, as PID {orphan}: its supervisord was killed",
            f"Replace it: swf-console agents start {status.name}",
        )
    refusal = read_refusal(directory, status.process)
    trying = status.state is ProcessState.STARTING and refusal is not None
    if trying or status.state in (ProcessState.BACKOFF, ProcessState.FATAL):
        return _failed(status, refusal)
    return _plain(status)


def _failed(status: ProcessStatus, refusal: Explanation | None) -> Explanation:
    what = (
        f"{status.name} failed to start (FATAL)"
        if status.state is ProcessState.FATAL
        else f"{status.name} failed to start, retrying (BACKOFF)"
    )
    if refusal is not None:
        return Explanation(f"{what}: {refusal.text}", refusal.advice)
    if not status.spawn_error.startswith(TOO_QUICKLY):
        return Explanation(f"{what}: {status.spawn_error or status.description}", _see(status))
    line = _last_line(status.log_file)
    why = f"it ended within its first second; {'log: ' + line if line else 'its log is empty'}"
    return Explanation(f"{what}: {why}", _see(status))


def _plain(status: ProcessStatus) -> Explanation:
    name = status.name
    start = f"Start it: swf-console agents start {name}"
    match status.state:
        case ProcessState.RUNNING:
            return Explanation(f"{name} is running as PID {status.pid}")
        case ProcessState.STARTING:
            return Explanation(f"{name} is starting as PID {status.pid}")
        case ProcessState.STOPPING:
            return Explanation(f"{name} is stopping; supervisord kills it if that takes too long")
        case ProcessState.EXITED:
            code = status.exit_status
            how = "was ended by a signal" if code == BY_SIGNAL else f"exited with code {code}"
            line = _last_line(status.log_file) if code else ""
            return Explanation(f"{name} {how}{'; log: ' + line if line else ''}", start)
        case ProcessState.STOPPED:
            return Explanation(f"{name} is stopped", start)
    return Explanation(f"{name}: unknown to supervisord", "Restart supervisord: swf-console down, then up")


def _last_line(path: Path | None) -> str:
    lines = [line for line in last_lines(path, LOG_LINES) if line.strip()] if path else []
    return lines[-1].strip()[:300] if lines else ""


def _see(status: ProcessStatus) -> str:
    return f"See {status.log_file}" if status.log_file else ""


def select(processes: Sequence[ProcessStatus], names: Sequence[str]) -> tuple[ProcessStatus, ...]:
    """The processes with these `names`, each once, in supervisord's order.

    UsageError, with the nearest names, for an unknown name.
    """
    wanted: set[str] = set()
    for name in names:
        found = [one.name for one in processes if _means(name, one)]
        if not found and name != EVERYTHING:
            raise UsageError(f"process not found: {name}", _nearest(processes, name))
        wanted.update(found)
    return tuple(one for one in processes if one.name in wanted)


def known_signal(name: str) -> str:
    """The name of a signal without SIG; UsageError for an unknown signal."""
    short = name.upper().removeprefix("SIG")
    if f"SIG{short}" not in signal.Signals.__members__:
        raise UsageError(f"signal not found: {name}", "Use HUP, INT, QUIT, TERM, USR1 or USR2")
    return short


def _means(name: str, one: ProcessStatus) -> bool:
    return name in (EVERYTHING, one.name, one.process, one.group, f"{one.group}:*")


def _nearest(processes: Sequence[ProcessStatus], name: str) -> str:
    known = sorted({word for one in processes for word in (one.name, one.group)})
    near = nearest(name, known) or known
    return f"Known names: {', '.join(near)}" if near else "agents.supervisord.conf has no programs"
