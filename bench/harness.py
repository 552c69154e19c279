"""What every row is made of: processes measured whole, candidates taking turns, medians, and the verdict."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

KILOBYTE = 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `ok` is None where nothing was measured, `note` says why."""

    what: str
    measured: str
    control: str = ""
    ratio: float | None = None
    target: str = ""
    ok: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process cost from its first instruction to its end: seconds, seconds, bytes."""

    wall: float
    cpu: float
    peak_rss: int
    output: str


class Failed(Exception):
    """A measured process ended with an error; the text has what it said."""


def measure(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> Usage:
    """Run a command to its end, its own children included. Raises Failed for an exit code but 0."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as told:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        output = told.read().decode()
        if process.returncode:
            said.seek(0)
            raise Failed(f"{' '.join(map(str, command))}: {said.read().decode()[-2000:]}")
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * KILOBYTE, output)


def interleaved(repetitions: int, candidates: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Let the candidates take turns, forth and back, so that a change of load meets all alike."""
    results: dict[str, list[T]] = {name: [] for name in candidates}
    for turn in range(repetitions):
        order = list(candidates) if turn % 2 == 0 else list(candidates)[::-1]
        for name in order:
            results[name].append(candidates[name]())
    return results


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def at_most(what: str, measured: float, control: float, limit: float, unit: str, **more: str) -> Row:
    """A row whose ratio to its control must not exceed `limit`."""
    ratio = measured / control
    return Row(
        what, shown(measured, unit), shown(control, unit), ratio, f"<= {limit:g} x", ratio <= limit, **more
    )


def at_least(what: str, measured: float, control: float, limit: float, unit: str, **more: str) -> Row:
    """A row whose ratio to its control must reach `limit`."""
    ratio = measured / control
    return Row(
        what, shown(measured, unit), shown(control, unit), ratio, f">= {limit:g} x", ratio >= limit, **more
    )


def shown(value: float, unit: str) -> str:
    """A figure with a fitting number of digits: seconds below one in milliseconds, bytes in MB."""
    if unit == "s" and abs(value) < 1:
        return f"{value * 1000:.3g} ms" if abs(value) < 0.1 else f"{value * 1000:.0f} ms"
    if unit == "B":
        return f"{value / 1e6:.1f} MB"
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{digits}{unit}" if unit in {"%", "/s"} else f"{digits} {unit}".rstrip()


def peak_rss(pid: int) -> int:
    """The most memory (bytes) that a living process ever had."""
    return _status(pid, "VmHWM")


def rss(pid: int) -> int:
    """The memory (bytes) of a living process now."""
    return _status(pid, "VmRSS")


def cpu_seconds(pid: int) -> float:
    """What a living process has used so far, its threads included and its children not."""
    return _used(Path(f"/proc/{pid}/stat"))


def main_seconds(pid: int) -> float:
    """What its first thread alone has used so far: of a program with a screen, the one that paints."""
    return _used(Path(f"/proc/{pid}/task/{pid}/stat"))


def _used(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * KILOBYTE for line in lines if line.startswith(f"{name}:"))
