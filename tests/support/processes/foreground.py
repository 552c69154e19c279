"""Commands in their own process group, their output and signals, and the processes that they leave."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..waiting import wait_for

PROCESS_MARK = "SWF_ACCEPTANCE_MARK"


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """Exit code and output of a process."""

    returncode: int
    stdout: str
    stderr: str


class ForegroundProcess:
    """One process, leader of its process group, as a shell with job control starts it."""

    def __init__(
        self, command: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str], output: Path
    ) -> None:
        self.command = [str(word) for word in command]
        self._stdout, self._stderr = output.with_suffix(".out"), output.with_suffix(".err")
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                self.command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """Its output so far: stdout, then stderr."""
        return self._stdout.read_text(errors="replace") + self._stderr.read_text(errors="replace")

    def wait_for(self, text: str, timeout: float = 30.0) -> None:
        """Wait until its output contains `text`; AssertionError if it ends before."""
        wait_for(lambda: text in self.output or not self.running, timeout, every=0.02)
        assert text in self.output, self

    def wait(self, timeout: float = 60.0) -> ProcessResult:
        """Wait for its end."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {timeout} s: {self}") from None
        return ProcessResult(
            code, self._stdout.read_text(errors="replace"), self._stderr.read_text(errors="replace")
        )

    def send(self, number: signal.Signals) -> None:
        """Signal this process only, as `kill` does."""
        self._process.send_signal(number)

    def send_group(self, number: signal.Signals) -> None:
        """Signal its whole process group, as a terminal's Ctrl-C does."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        """kill -9, and wait for its end."""
        self._process.kill()
        self._process.wait()

    def __str__(self) -> str:
        return f"{' '.join(self.command)}\n{self.output}"


def marked(mark: str) -> dict[int, str]:
    """The PIDs of all processes that inherited the mark, with their command lines."""
    found = {}
    wanted = f"{PROCESS_MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or belongs to another user
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = words.decode(errors="replace").strip()
    return found


def end_marked(mark: str) -> None:
    """Kill all processes that inherited the mark, stopped ones too."""
    for pid in marked(mark):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
