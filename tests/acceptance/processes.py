"""Real processes of a test: what they say, how they are signalled, and what they leave behind."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..support.waiting import wait_for

MARK = "SWF_ACCEPTANCE_MARK"


@dataclass(frozen=True, slots=True)
class Done:
    """How a process ended."""

    returncode: int
    stdout: str
    stderr: str


class Process:
    """One process, leader of a process group of its own, as a shell with job control starts it."""

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
    def said(self) -> str:
        """All that it wrote so far, to stdout and then to stderr."""
        return self._stdout.read_text(errors="replace") + self._stderr.read_text(errors="replace")

    def wait_for(self, text: str, timeout: float = 30.0) -> None:
        """Return once it has said `text`; AssertionError where it ends before."""
        wait_for(lambda: text in self.said or not self.running, timeout, every=0.02)
        assert text in self.said, self

    def wait(self, timeout: float = 60.0) -> Done:
        """Its end."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {timeout} s: {self}") from None
        return Done(code, self._stdout.read_text(errors="replace"), self._stderr.read_text(errors="replace"))

    def send(self, number: signal.Signals) -> None:
        """Signal the process alone, as `kill` does."""
        self._process.send_signal(number)

    def send_group(self, number: signal.Signals) -> None:
        """Signal everything in the foreground with it, as a terminal's Ctrl-C does."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        """kill -9, and its end."""
        self._process.kill()
        self._process.wait()

    def __str__(self) -> str:
        return f"{' '.join(self.command)}\n{self.said}"


def marked(mark: str) -> dict[int, str]:
    """Every living process that inherited the mark, with its command line."""
    found = {}
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended since, or is somebody else's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = words.decode(errors="replace").strip()
    return found


def end_marked(mark: str) -> None:
    """End everything that inherited the mark, stopped processes too."""
    for pid in marked(mark):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
