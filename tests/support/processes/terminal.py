"""An operator's terminal: a tmux session that is typed into and read."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ..waiting import wait_for
from .server import ServiceMissing

SHELL = "exec bash --norc --noprofile -i"
PROMPT = "ready>"


class TmuxTerminal:
    """One session of a private tmux server with its socket in `folder`; entering may raise ServiceMissing."""

    def __init__(
        self, folder: Path, cwd: Path, environment: Mapping[str, str], size: tuple[int, int]
    ) -> None:
        self._socket, self._cwd, self._size = folder / "tmux", cwd, size
        self._environment = {**environment, "TERM": "xterm-256color"}

    def __enter__(self) -> Self:
        if shutil.which("tmux") is None:
            raise ServiceMissing("tmux is not installed: apt-get install tmux")
        width, height = map(str, self._size)
        new = ["-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height]
        self._run(*new, "-c", str(self._cwd), SHELL)
        self.type(f"PS1={PROMPT[:-1]}'>'; clear\n")
        self.wait_for(PROMPT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("kill-server")

    def type(self, text: str) -> None:
        """Type characters."""
        self._run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: Enter, Escape, Space, BSpace, C-z."""
        self._run("send-keys", *keys)

    @property
    def screen(self) -> str:
        """The text on screen."""
        return self._run("capture-pane", "-p")

    def ask(self, what: str) -> str:
        """A tmux format of the terminal, such as `pane_title` or `alternate_on`."""
        return self._run("display-message", "-p", f"#{{{what}}}").strip()

    def resize(self, width: int, height: int) -> None:
        """Make the terminal larger or smaller."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def take_clipboard(self) -> None:
        """Let text that a program copies by OSC 52 become tmux's buffer."""
        self._run("set-option", "-g", "set-clipboard", "on")

    @property
    def buffer(self) -> str:
        """The text that was copied last."""
        return self._run("show-buffer")

    @property
    def is_restored(self) -> bool:
        """Whether alternate screen, mouse and cursor are in their normal state."""
        flags = ("alternate_on", "mouse_any_flag", "keypad_flag", "cursor_flag")
        return [self.ask(flag) for flag in flags] == ["0", "0", "0", "1"]

    def programs(self) -> list[int]:
        """The PIDs of the shell's children."""
        shell = self._run("display-message", "-p", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text()
        return [int(each) for each in children.split()]

    def wait_for(self, *texts: str, timeout: float = 30.0) -> str:
        """Wait until all texts are on screen at the same time; returns the screen."""
        try:
            wait_for(lambda: all(text in self.screen for text in texts), timeout, every=0.1)
        except AssertionError:
            raise AssertionError(f"{texts} did not appear on\n{self.screen}") from None
        return self.screen

    def wait_match(self, pattern: str, timeout: float = 30.0) -> re.Match[str]:
        """Wait until the screen matches; returns the match."""
        try:
            found = wait_for(lambda: re.search(pattern, self.screen), timeout, every=0.1)
        except AssertionError:
            raise AssertionError(f"{pattern} did not appear on\n{self.screen}") from None
        assert found is not None
        return found

    def wait_gone(self, text: str, timeout: float = 30.0) -> None:
        """Wait until the text is not on screen."""
        try:
            wait_for(lambda: text not in self.screen, timeout, every=0.1)
        except AssertionError:
            raise AssertionError(f"{text} stays on\n{self.screen}") from None

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
