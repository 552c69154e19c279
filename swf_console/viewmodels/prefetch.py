"""The first look at the testbed, taken by a process beside this one while this one still loads its screen.

What looks needs the database's libraries, which take as long to load as the screen does. That process ends
with its answer; it changes nothing but a database file that is not there, or not at this version yet.
"""

import os
import select
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .snapshots import OverviewLook

LONGEST = 10
POLITE = 10
PATIENCE = 1.5
SHOWN_BY = "overview"
QUIET = (
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
)


class FirstLook:
    """Begins at once. `take` gives its answer, once."""

    def __init__(
        self, home: Path | None = None, testbed_config: Path | None = None, namespace: str | None = None
    ) -> None:
        given = [str(each) if each else "" for each in (home, testbed_config, namespace)]
        command = [sys.executable, "-m", __name__, *given]
        self._end, write_end = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, write_end, 1), *QUIET]
        self._pid = os.posix_spawn(sys.executable, command, os.environ, file_actions=actions)
        os.close(write_end)
        self._lock, self._over, self._taken = threading.Lock(), threading.Event(), False

    def take(self, timeout: float = PATIENCE) -> "OverviewLook | None":
        """What it saw; None where it has seen nothing by then, or was asked before. Blocks meanwhile."""
        import pickle

        # loaded while there is time: its answer is made of these
        from . import snapshots  # noqa: F401

        with self._lock:
            if self._taken:
                return None
            said = self._said(timeout)
            self._end_it()
        if not said:
            self.shown()
            return None
        look: OverviewLook = pickle.loads(said)  # noqa: S301 (a child of ours wrote it)
        return look

    def shown(self) -> None:
        """Its answer is on screen, or there is none."""
        self._over.set()

    def wait(self, timeout: float = PATIENCE) -> None:
        """Wait until it is on screen, at most for so long."""
        self._over.wait(timeout)

    def close(self) -> None:
        """Want it no more."""
        with self._lock:
            if not self._taken:
                self._end_it()
        self.shown()

    def _said(self, timeout: float) -> bytes:
        readable, _, _ = select.select([self._end], [], [], timeout)
        if not readable:
            return b""
        with os.fdopen(self._end, "rb", closefd=False) as answer:
            return answer.read()

    def _end_it(self) -> None:
        os.close(self._end)
        with suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self._taken = True


def look(given: Sequence[str]) -> None:
    """Look, and say on standard output what was seen. `given`: home, testbed.toml, namespace, or nothing."""
    # where there is but one core, the screen comes first
    os.nice(POLITE)
    import gc
    import pickle

    gc.disable()
    signal.alarm(LONGEST)
    from ..backend.core.settings import load_settings
    from .context import ConsoleServices
    from .namespace_setup import namespace_of
    from .overview import OverviewWatch

    home, testbed_config, namespace = given
    settings = load_settings(
        home=Path(home) if home else None, testbed_config=Path(testbed_config) if testbed_config else None
    )
    services = ConsoleServices(settings, namespace_of(settings, namespace or None), read_only=True)
    sys.stdout.buffer.write(pickle.dumps(OverviewWatch(services).look()))
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    look(sys.argv[1:])
