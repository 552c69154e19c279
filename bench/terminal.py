"""A program in a terminal of its own: what it paints, when it answers a key, how much it writes."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 30.0
GOODBYE = 5.0
REMEMBERED = 1_000_000
# a slow link is read in pieces of this many seconds
PIECE = 0.01
SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[=>()][0B]?)"
)
PLACE = re.compile(rb"\x1b\[(\d+);\d+H")


class Terminal:
    """A program under a pseudo-terminal. What it writes is read at once, or at `link` bytes a second."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        size: tuple[int, int] = (160, 50),
        link: int | None = None,
    ) -> None:
        self.began = time.monotonic()
        self.written = 0
        self._link = link
        self._seen, self._changed = b"", threading.Condition()
        words = [str(word) for word in command]
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _go_first()
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
        self._link = None
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
        return self._wait(lambda: all(each in self._seen for each in wanted), str(texts))

    def wait_until(self, said: Callable[[str], bool], patience: float = PATIENCE) -> float:
        """The same for whatever `said` finds in the text painted since the last key."""
        return self._wait(lambda: said(plain(self._seen)), said.__name__, patience)

    @property
    def text(self) -> str:
        """What was painted since the last key, without what is not text."""
        with self._changed:
            seen = self._seen
        return plain(seen)

    @property
    def lines(self) -> set[int]:
        """The numbers of the lines, from 1, that were painted since the last key."""
        with self._changed:
            return {int(place) for place in PLACE.findall(self._seen)}

    def forget(self) -> None:
        """What was painted before counts no more."""
        with self._changed:
            self._seen = b""

    def press(self, keys: str) -> None:
        """Press keys; what was painted before counts no more."""
        self.forget()
        os.write(self._fd, keys.encode())

    def answer(self, keys: str, text: str) -> float:
        """The seconds from a key to a text on screen."""
        began = time.monotonic()
        self.press(keys)
        return self.wait_for(text) - began

    def _wait(self, there: Callable[[], bool], what: str, patience: float = PATIENCE) -> float:
        with self._changed:
            if not self._changed.wait_for(there, patience):
                raise TimeoutError(f"{what} was not painted; the last was {self._seen[-500:]!r}")
            return time.monotonic()

    def _read(self) -> None:
        free = time.monotonic()
        while True:
            readable, _, _ = select.select([self._fd], [], [], 1.0)
            if not readable:
                continue
            link = self._link
            try:
                data = os.read(self._fd, max(1, int(link * PIECE)) if link else 1 << 16)
            except OSError:
                return
            if not data:
                return
            if link:
                free = max(free, time.monotonic()) + len(data) / link
                time.sleep(max(0.0, free - time.monotonic()))
            with self._changed:
                self.written += len(data)
                self._seen = (self._seen + data)[-REMEMBERED:]
                self._changed.notify_all()


def _go_first() -> None:
    """The session of a terminal has a share of the cores of its own: it is to be as large as ours."""
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(os.nice(0)))


def plain(painted: bytes) -> str:
    """Text without the sequences that move and colour it."""
    return SEQUENCE.sub(b"", painted).decode(errors="replace")
