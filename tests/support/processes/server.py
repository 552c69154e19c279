"""Servers as foreground processes: started, stopped, killed, frozen, restarted."""

import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..waiting import wait_for

LOOPBACK = "127.0.0.1"


class ServiceMissing(Exception):
    """A service's programs are not installed; the text names the packages to install."""


class ServiceBroken(Exception):
    """A service's process ended, or did not answer in time; the text has the end of its log."""


def free_port() -> int:
    """A free TCP port of the loopback.

    It is below the range of client ports, so that it is still free when a server is restarted.
    """
    while True:
        port = random.randrange(18_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port


def descendants(pid: int) -> list[int]:
    """The process and everything below it, parents first."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError):  # a thread that ended since
            for child in (task / "children").read_text().split():
                found += descendants(int(child))
    return found


def privileges(account: str | None, *, dies_by: signal.Signals = signal.SIGTERM) -> list[str]:
    """The prefix of a command that runs it as `account` and signals it when its parent dies."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServiceMissing("setpriv is missing: apt-get install util-linux")
    switch = [f"--reuid={account}", f"--regid={account}", "--init-groups"] if account else []
    return [setpriv, *switch, f"--pdeathsig={dies_by.name.removeprefix('SIG')}", "--"]


@dataclass
class Program:
    """One server: `ready` says when it answers, `end_signal` shuts it down. It dies with its parent."""

    arguments: Sequence[str]
    log: Path
    ready: Callable[[], bool]
    account: str | None = None
    directory: Path | None = None
    end_signal: signal.Signals = signal.SIGTERM
    kill_signal: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self, timeout: float = 60.0) -> None:
        """Start it and wait until it answers. Raises ServiceBroken with the end of its log."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*privileges(self.account, dies_by=self.end_signal), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                start_new_session=True,
            )
        try:
            wait_for(self._answers_or_ended, timeout, every=0.05)
        except AssertionError:
            self.kill()
            raise ServiceBroken(f"no answer within {timeout} s\n{self.log_end()}") from None
        if not self.running:
            raise ServiceBroken(f"ended while it started\n{self.log_end()}")

    def stop(self) -> None:
        """Shut it down."""
        self._end(self.end_signal)

    def kill(self) -> None:
        """Kill it, like a power cut."""
        self._end(self.kill_signal)

    def freeze(self) -> None:
        """SIGSTOP all its processes: its connections stay open and silent."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT all its processes."""
        self._signal_all(signal.SIGCONT)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The PID of the last start."""
        if self.process is None:
            raise ServiceBroken("was never started")
        return self.process.pid

    def log_end(self) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def _answers_or_ended(self) -> bool:
        return not self.running or self.ready()

    def _end(self, with_signal: signal.Signals) -> None:
        process = self.process
        if process is None:
            return
        process.send_signal(with_signal)
        self._signal_all(signal.SIGCONT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.process = None

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in descendants(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


class Service:
    """A server that a test can stop, kill, freeze and restart."""

    program: Program

    def start(self) -> None:
        """Start it and wait until it accepts clients."""
        self.program.start()

    def stop(self) -> None:
        """Shut it down."""
        self.program.stop()

    def kill(self) -> None:
        """Kill it."""
        self.program.kill()

    def freeze(self) -> None:
        """Freeze it; its connections stay open and silent."""
        self.program.freeze()

    def thaw(self) -> None:
        """Let it continue."""
        self.program.thaw()

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.program.running
