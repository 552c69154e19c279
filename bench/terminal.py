"""A program in a terminal of its own: what it paints, when it answers a key, how much it writes."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 30.0
GOODBYE = 5.0


class Terminal:
    """A program under a pseudo-terminal; everything it writes is read at once."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        size: tuple[int, int] = (160, 50),
    ) -> None:
        self.began = time.monotonic()
        self.written = 0
        self._seen, self._changed = b"", threading.Condition()
        words = [str(word) for word in command]
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(words[0], words, {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"})  # noqa: S606
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + GOODBYE
        while not os.waitpid(self.pid, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                deadline += GOODBYE
            self._reader.join(0.02)
        self._reader.join(1)
        os.close(self._fd)

    def wait_for(self, *texts: str) -> float:
        """When (monotonic seconds) each text had been painted since the last key. Raises TimeoutError."""
        wanted = [text.encode() for text in texts]
        with self._changed:
            if not self._changed.wait_for(lambda: all(each in self._seen for each in wanted), PATIENCE):
                raise TimeoutError(f"{texts} was not painted; the last was {self._seen[-500:]!r}")
            return time.monotonic()

    def press(self, keys: str) -> None:
        """Press keys; what was painted before counts no more."""
        with self._changed:
            self._seen = b""
        os.write(self._fd, keys.encode())

    def answer(self, keys: str, text: str) -> float:
        """The seconds from a key to a text on screen."""
        began = time.monotonic()
        self.press(keys)
        return self.wait_for(text) - began

    def _read(self) -> None:
        while True:
            readable, _, _ = select.select([self._fd], [], [], 1.0)
            if not readable:
                continue
            try:
                data = os.read(self._fd, 1 << 16)
            except OSError:
                return
            if not data:
                return
            with self._changed:
                self.written += len(data)
                self._seen = (self._seen + data)[-1_000_000:]
                self._changed.notify_all()
