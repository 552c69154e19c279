"""A home whose agents are child processes of the test, with a broker and a database."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from swf_console.backend.core.settings import load_settings, sqlite_url
from swf_console.backend.database import Database, agents, open_database
from swf_console.backend.database.records.agents import AgentFilter
from swf_console.backend.messaging.endpoint import running_broker
from swf_console.backend.services.home import write_home

from ..homes import plain_environment, run
from ..waiting import wait_for

SCRIPTS = {
    "data": "example_data_agent.py",
    "processing": "example_processing_agent.py",
    "fastmon": "example_fastmon_agent.py",
}
FAST_CHAIN = ("data", "fastmon", "fast_processing", "slice_worker")
EITHER_BACKEND = (
    "embedded",
    pytest.param("activemq", marks=[pytest.mark.activemq, pytest.mark.postgresql]),
)
PROGRAMS = SCRIPTS | {"fast_processing": "fast_processing_agent.py", "slice_worker": "slice_worker.py"}


def backend_of(request: pytest.FixtureRequest, broker: str = "private_activemq") -> dict[str, Any]:
    """The arguments of an AgentHome for a parameter of EITHER_BACKEND; `broker` is the ActiveMQ fixture."""
    if request.param == "embedded":
        return {}
    environment = request.getfixturevalue(broker).environment()
    return {"broker": environment, "database_url": request.getfixturevalue("postgresql_url")}


class AgentHome:
    """A home with one namespace; without `broker` (ACTIVEMQ_*) it starts an embedded broker."""

    def __init__(
        self,
        home: Path,
        namespace: str,
        *,
        broker: Mapping[str, str] | None = None,
        database_url: str | None = None,
    ) -> None:
        write_home(home)
        testbed = home / "workflows/testbed.toml"
        testbed.write_text(testbed.read_text().replace("your-namespace", namespace))
        self.home = home
        self.environment = plain_environment(USER="alice", **(broker or {}))
        self.database_url = database_url or sqlite_url(home / ".state/swf.db")
        if database_url:
            self.environment["SWF_DATABASE_URL"] = database_url
            self.command("db", "upgrade")
        self._embedded = not broker
        self._all: list[subprocess.Popen[bytes]] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        (home / ".state").mkdir(mode=0o700, exist_ok=True)
        self.database: Database = open_database(self.database_url)

    def __enter__(self) -> "AgentHome":
        if self._embedded:
            self.start_broker()
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._all:
            process.kill()
        for process in self._all:
            process.wait()
        self.database.close()

    def command(self, *arguments: str, timeout: float = 60.0) -> str:
        """Run `swf-console` in the home; it must succeed."""
        words = [sys.executable, "-m", "swf_console", "--home", str(self.home), *arguments]
        done = run(words, cwd=self.home, environment=self.environment, timeout=timeout)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_broker(self) -> None:
        """Start the embedded broker as a process."""
        words = ["-m", "swf_console", "--home", str(self.home), "broker"]
        self._start("broker", words)
        wait_for((self.home / ".state/broker.json").exists)

    def start(self, kind: str, *arguments: str, name: str | None = None) -> None:
        """Start an agent."""
        self._start(name or kind, [f"agents/{PROGRAMS[kind]}", *arguments])

    def broker_address(self) -> tuple[tuple[str, int], tuple[str, str]]:
        """The broker's address and login."""
        broker = running_broker(load_settings(self.environment, home=self.home))
        return (broker.host, broker.port), (broker.user, broker.password)

    def start_in_order(self, kinds: Iterable[str] = tuple(SCRIPTS)) -> None:
        """Start agents one after the other, so that each has the same number in every home."""
        for kind in kinds:
            self.start(kind)
            self.wait_agent(kind)

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str, by: signal.Signals = signal.SIGTERM) -> int:
        """Signal a process and wait for its end; returns its exit code."""
        process = self._processes.pop(name)
        process.send_signal(by)
        return process.wait(20)

    def process(self, name: str) -> subprocess.Popen[bytes]:
        """The process last started under that name."""
        return self._processes[name]

    @contextmanager
    def during(self, call: Callable[[], None]) -> Iterator[None]:
        """Run `call` in a thread beside the block, and wait for its end; raises what it raised."""
        with ThreadPoolExecutor(1) as beside:
            future = beside.submit(call)
            yield
            future.result(60)

    def pid(self, name: str) -> int:
        """The PID of an agent."""
        return self._processes[name].pid

    def agent(self, kind: str) -> Any:
        """The agent's row, written by its heartbeats; None before the first one."""
        with self.database.read() as connection:
            found = agents.page(connection, AgentFilter(agent_type=kind)).items
        return found[0] if found else None

    def wait_agent(self, kind: str, *states: str, timeout: float = 60.0) -> None:
        """Wait until the agent's current process reports that it is ready (or in one of `states`)."""
        wanted = states or ("READY", "PROCESSING")

        def there() -> bool:
            agent = self.agent(kind)
            if agent is None or agent.operational_state not in wanted:
                return False
            return bool(agent.operational_state == "EXITED" or agent.pid == self.pid(kind))

        self.wait_for(there, timeout)

    def wait_quiet(self, kinds: Iterable[str]) -> None:
        """Wait until every agent of these kinds, in any namespace, reports that it is idle."""
        wanted = set(kinds)

        def quiet() -> bool:
            with self.database.read() as connection:
                found = [one for one in agents.present(connection) if one.agent_type in wanted]
            return all(one.operational_state == "READY" for one in found)

        self.wait_for(quiet, 60)

    def wait_for(self, look: Callable[[], Any], timeout: float = 30.0) -> Any:
        """Wait for a condition; a failure shows the output of the processes."""
        try:
            return wait_for(look, timeout, every=0.05)
        except AssertionError as error:
            logs = "\n".join(
                f"== {path.name}\n{path.read_text()[-3000:]}" for path in sorted(self.home.glob("*.out"))
            )
            raise AssertionError(f"{error}\n{logs}") from None

    def _start(self, name: str, words: list[str]) -> None:
        with (self.home / f"{name}.out").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=self.home,
                env={**self.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._processes[name] = process
        self._all.append(process)
