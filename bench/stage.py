"""Where benchmarks play: homes of their own, the embedded broker in them, and the real services."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from subprocess import DEVNULL, Popen, run
from types import TracebackType
from typing import Any, Self

from swf_console.backend.core.settings import BrokerSettings, Settings, load_settings
from swf_console.backend.database.connection.migrate import upgrade
from swf_console.backend.services.home import write_home
from tests.support import postgresql
from tests.support.activemq import ActiveMQ
from tests.support.postgresql import PostgreSQL
from tests.support.services import own_activemq, private_directory
from tests.support.waiting import wait_for

from .harness import Usage, measure

CHECKOUT = Path(__file__).resolve().parents[1]
CONSOLE = Path(sys.executable).with_name("swf-console")
KEPT = ("PATH", "HOME", "USER", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Home:
    """A home with its environment: which database, which broker."""

    path: Path
    environ: Mapping[str, str]

    @cached_property
    def settings(self) -> Settings:
        """What a program in this home works with."""
        return load_settings(self.environ, home=self.path)

    def console(self, *arguments: str) -> Usage:
        """Run one `swf-console` command line to its end, measured whole."""
        return measure([CONSOLE, *arguments], cwd=self.path, env=self.environ)

    def run(self, stf_count: int, *more: str) -> tuple[Usage, dict[str, Any]]:
        """Run a workflow headless in fast mode; the usage, and the report."""
        usage = self.console(*run_words(stf_count), "--json", *more)
        report: dict[str, Any] = json.loads(usage.output)
        return usage, report

    def broker(self) -> BrokerSettings:
        """The broker of this home, which runs."""
        from swf_console.backend.messaging.endpoint import running_broker

        return running_broker(self.settings)


def run_words(stf_count: int) -> list[str]:
    """The words of the founding document's command for a fast run."""
    config = ["--workflow-config", "fast_processing_default"]
    return ["--run", "stf_datataking", *config, "--namespace", "bench", "--stf-count", str(stf_count)]


@dataclass
class Stage:
    """Everything that a benchmark may ask for; started when it is first asked for, ended with this."""

    quick: bool = False
    messages: int | None = None
    _exit: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def amount(self, whole: int, quick: int) -> int:
        """The first, or the second in a quick run."""
        return quick if self.quick else whole

    def amounts(self, whole: tuple[int, ...], quick: tuple[int, ...]) -> tuple[int, ...]:
        """The same for several."""
        return quick if self.quick else whole

    @cached_property
    def activemq(self) -> ActiveMQ:
        """A real ActiveMQ. Raises ServiceMissing."""
        return self._exit.enter_context(own_activemq())

    @cached_property
    def postgresql(self) -> PostgreSQL:
        """A real PostgreSQL that waits for the disk at each commit. Raises ServiceMissing."""
        return self._exit.enter_context(_durable_postgresql())

    @contextmanager
    def home(self, **environ: str) -> Iterator[Home]:
        """A new home whose database has its tables."""
        with tempfile.TemporaryDirectory(prefix="swf-bench-") as folder:
            path = Path(folder) / "home"
            write_home(path)
            kept = {name: os.environ[name] for name in KEPT if name in os.environ}
            home = Home(path, {**kept, **environ})
            _commit(path)
            upgrade(home.settings.database_url)
            yield home

    @contextmanager
    def embedded_home(self, **environ: str) -> Iterator[Home]:
        """A new home with SQLite and its embedded broker running."""
        with self.home(**environ) as home, embedded_broker(home):
            yield home

    @contextmanager
    def server_database(self) -> Iterator[str]:
        """The URL of an empty PostgreSQL database at this version. Raises ServiceMissing."""
        with self.postgresql.fresh_database() as url:
            upgrade(url)
            yield url

    @contextmanager
    def server_home(self) -> Iterator[Home]:
        """A new home on ActiveMQ and an empty PostgreSQL database. Raises ServiceMissing."""
        broker = self.activemq.environment()
        with self.postgresql.fresh_database() as url, self.home(SWF_DATABASE_URL=url, **broker) as home:
            yield home


@contextmanager
def embedded_broker(home: Home) -> Iterator[int]:
    """`swf-console broker` of that home while this holds; yields its process id."""
    from swf_console.backend.messaging.embedded import find_running

    process = Popen(
        [CONSOLE, "broker"], cwd=home.path, env=home.environ, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        wait_for(lambda: find_running(home.settings.state_dir))
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def _commit(home: Path) -> None:
    """Keep a home in git, as people do: a run asks where its workflow comes from."""
    author = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "home"]):
        run(["git", *words], cwd=home, check=True, stdin=DEVNULL)


@contextmanager
def _durable_postgresql() -> Iterator[PostgreSQL]:
    with private_directory("postgresql") as directory:
        # What a test may skip counts here: every commit reaches the disk.
        server = postgresql.install_postgresql(directory, settings=durable(postgresql.SETTINGS))
        try:
            server.start()
            yield server
        finally:
            server.kill()


def durable(settings: tuple[str, ...]) -> tuple[str, ...]:
    """The settings without those that trade the safety of data for speed."""
    return tuple(one for one in settings if one not in {"fsync=off", "full_page_writes=off"})


def timed(work: Callable[[], object]) -> float:
    """The wall seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
