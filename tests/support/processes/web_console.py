"""`swf-console serve` as a process, and the console processes of its tabs."""

import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from ..homes import plain_environment
from ..waiting import wait_for
from .server import descendants

SECONDS = 30.0
PRINTED = re.compile(r"console on ((https?://[^/]+)/([^/]+)/)\n")


class WebConsoleProcess:
    """Serves a home on a free port; entering waits for its address."""

    def __init__(self, home: Path, *words: str, **environment: str) -> None:
        command = [sys.executable, "-m", "swf_console", "--home", str(home), "serve", "--port", "0", *words]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed at the exit)
        self.process = subprocess.Popen(
            command,
            env=plain_environment(USER="shifter", **environment),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self.address = self.site = self.key = ""

    def __enter__(self) -> Self:
        found = wait_for(lambda: PRINTED.search(self.output()) or self._ended(), SECONDS)
        assert isinstance(found, re.Match)
        self.address, self.site, self.key = found.groups()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def output(self) -> str:
        """Its output so far."""
        self._log.seek(0)
        return self._log.read().decode()

    def consoles(self) -> list[int]:
        """The PIDs of the tabs' consoles and of their children."""
        return descendants(self.process.pid)[1:]

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def _ended(self) -> bool:
        assert self.process.poll() is None, self.output()
        return False


def wait_ended(processes: list[int]) -> None:
    """Wait until all of them have ended."""
    wait_for(lambda: not [pid for pid in processes if _lives(pid)], SECONDS)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
