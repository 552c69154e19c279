"""A console whose terminal is closed, stalls or is suspended."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import tempfile
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ..conftest import running
from ..support.homes import plain_environment, run
from ..support.processes.site import SWF_CONSOLE, TYPED
from ..support.processes.terminal import PROMPT, TmuxTerminal
from ..support.waiting import wait_for

# so many keys fill what the console queues for a terminal that is not read
LOOKS = 300
LEFT = b"\x1b[?1049l"
PAINTED = "●".encode()
# a console is gone within three seconds; the rest is for a busy machine
GONE_SECONDS = 6.0


class ConsoleTerminal:
    """A console on a pseudo-terminal whose other end is the test's."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = plain_environment(TERM="xterm-256color", USER="shifter")
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            ["setsid", "--ctty", SWF_CONSOLE, "--namespace", "demo"],
            cwd=home,
            env=self.environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self._painted = bytearray()
        self._unchanged = 0

    def wait_for(self, text: bytes) -> None:
        """Read until the console has painted that text."""

        def painted() -> bool:
            self._painted.extend(os.read(self.master, 65536))
            return text in self._painted

        wait_for(painted, 30)
        self._painted.clear()

    @property
    def pid(self) -> int:
        """The process of the console: setsid becomes it."""
        return self.process.pid

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.master, text.encode())

    def stall(self) -> None:
        """Make the console paint without reading it, until its output has filled the terminal."""
        os.set_blocking(self.master, False)
        wait_for(self._is_stalled, 30)

    def _is_stalled(self) -> bool:
        """Whether the unread output stays the same while screens are switched."""
        before = self._unread()
        self.type("12345678")
        self._unchanged = self._unchanged + 1 if before and before == self._unread() else 0
        return self._unchanged > LOOKS

    def _unread(self) -> int:
        found = fcntl.ioctl(self.master, termios.FIONREAD, b"\0" * 4)
        count: int = struct.unpack("i", found)[0]
        return count

    def close(self) -> None:
        """Hang up."""
        os.close(self.master)
        self.master = -1

    def end(self) -> None:
        """End what a failed test has left."""
        if self.master >= 0:
            os.close(self.master)
        self.process.kill()
        self.process.wait()

    def json_lines(self, *words: str) -> list[dict[str, Any]]:
        """What a command prints; reads the terminal, so that the console is not held up meanwhile."""
        if self.master >= 0:
            os.set_blocking(self.master, False)
            with suppress(BlockingIOError):
                os.read(self.master, 65536)
        done = run([SWF_CONSOLE, *words, "--json"], cwd=self.home, environment=self.environment)
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def console(new_home: Path) -> Iterator[ConsoleTerminal]:
    """A console that has painted its first screen."""
    made = ConsoleTerminal(new_home)
    try:
        made.wait_for(PAINTED)
        yield made
    finally:
        made.end()


@pytest.mark.parametrize("leaving", [False, True])
def test_console_terminal_closed_ends(console: ConsoleTerminal, leaving: bool) -> None:
    if leaving:
        console.type("q")
        console.wait_for(b"Quit the console?")
        console.type("q")
        console.wait_for(LEFT)
    console.close()
    console.process.wait(GONE_SECONDS)


def test_console_stalled_terminal_closed_ends_and_handles_no_key(console: ConsoleTerminal) -> None:
    console.stall()
    console.type("Rs")
    console.close()
    console.process.wait(GONE_SECONDS)
    assert console.json_lines("executions") == []


def test_console_stalled_terminal_sigterm_ends(console: ConsoleTerminal) -> None:
    console.stall()
    os.kill(console.pid, signal.SIGTERM)
    console.process.wait(GONE_SECONDS)


def test_console_terminal_closed_local_execution_ends_with_one_end_run(console: ConsoleTerminal) -> None:
    console.type("R")
    console.wait_for(b"as fast as possible")
    console.type("ps")
    (started,) = wait_for(lambda: console.json_lines("executions", "--status", "running"), 60)
    execution = started["execution_id"]
    wait_for(lambda: console.json_lines("messages", "list", "--type", "run_imminent"), 60)
    console.close()
    console.process.wait(30)
    (ended,) = console.json_lines("executions")
    assert (ended["execution_id"], ended["status"]) == (execution, "terminated")
    assert len(console.json_lines("messages", "list", "--type", "end_run")) == 1


MAKEFILE = "run:\n\t@{command} --namespace demo\n"


def test_console_suspended_under_make_returns_to_shell(new_home: Path, tmp_path: Path) -> None:
    (new_home / "Makefile").write_text(MAKEFILE.format(command=TYPED))
    environment = plain_environment(USER="shifter", XDG_CONFIG_HOME=str(tmp_path / "config"))
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        for terminal in running(TmuxTerminal(Path(folder), new_home, environment, (80, 24))):
            terminal.type("make run\n")
            terminal.wait_for("1 OVERVIEW", "broker ●")
            terminal.press("C-z")
            terminal.wait_for("topped", PROMPT)
            terminal.type("fg\n")
            terminal.wait_for("1 OVERVIEW", "? help")

            terminal.type("R")
            terminal.wait_for("Run a workflow", "as fast as possible")
            terminal.type("ps")
            terminal.wait_for("started stf_datataking-shifter-0001")
            terminal.press("C-z")
            terminal.wait_for("stf_datataking-shifter-0001 would pause")
            terminal.type("n")
            terminal.wait_for("cancelled")
            terminal.press("C-z")
            terminal.wait_for("would pause")
            terminal.type("y")
            terminal.wait_for("topped", PROMPT)
            terminal.type("fg\n")
            terminal.wait_for("1 OVERVIEW", "? help")
