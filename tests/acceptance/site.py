"""One home with its broker and its database, as its processes and an outsider see it."""

import json
import os
import shlex
import signal
import sqlite3
import sysconfig
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import psycopg2
import psycopg2.extras

from ..support.activemq import ActiveMQAddress
from ..support.homes import plain_environment
from ..support.independent_client import Address, IndependentClient
from ..support.waiting import wait_for
from .processes import MARK, Done, Process, end_marked, marked

PROGRAMS = Path(sysconfig.get_path("scripts"))
SWF_CONSOLE = PROGRAMS / "swf-console"
TYPED = shlex.quote(str(SWF_CONSOLE))  # as a shell takes it, wherever the checkout lies
PYTHON = PROGRAMS / "python"
# A run in real time that lasts as long as its STFs do.
NO_DELAYS = [
    word
    for name in (
        "no_beam_not_ready_delay",
        "broadcast_delay",
        "beam_not_ready_delay",
        "beam_ready_delay",
        "beam_not_ready_end_delay",
    )
    for word in ("--set", f"daq_state_machine.{name}=0")
]

Row = dict[str, Any]


class Broker(Protocol):
    """What a test does to a broker."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


class Site:
    """A home, the environment its processes run in, and an independent look at broker and database.

    `activemq` and `postgresql_url` are None where the embedded broker and SQLite are used.
    """

    def __init__(
        self, home: Path, *, activemq: ActiveMQAddress | None = None, postgresql_url: str | None = None
    ) -> None:
        self.home = home
        self.state = home / ".state"
        self.output = home.parent / "output"
        self.output.mkdir()
        self.activemq, self.postgresql_url = activemq, postgresql_url
        self.mark = uuid.uuid4().hex
        self.namespace = f"acceptance-{self.mark[:12]}"
        self.environment = plain_environment(**{MARK: self.mark, "USER": "shifter", "PYTHONUNBUFFERED": "1"})
        self.broker: Broker = EmbeddedBroker(self)
        if activemq:
            self.environment |= activemq.environment()
        if postgresql_url:
            self.environment["SWF_DATABASE_URL"] = postgresql_url
        self._processes: list[Process] = []
        self._name_namespace()

    def _name_namespace(self) -> None:
        testbed = self.home / "workflows" / "testbed.toml"
        testbed.write_text(testbed.read_text().replace("your-namespace", self.namespace))

    def start(
        self,
        *arguments: str | Path,
        program: Sequence[str | Path] = (SWF_CONSOLE,),
        environment: Mapping[str, str | None] | None = None,
    ) -> Process:
        """Start swf-console, or another program, in the home; None in `environment` unsets a variable."""
        merged = self.environment | dict(environment or {})
        process = Process(
            [*program, *arguments],
            cwd=self.home,
            environment={name: value for name, value in merged.items() if value is not None},
            output=self.output / str(len(self._processes)),
        )
        self._processes.append(process)
        return process

    def run(self, *arguments: str | Path, timeout: float = 60.0, **more: Any) -> Done:
        """Run it to its end."""
        return self.start(*arguments, **more).wait(timeout)

    def start_run(self, *arguments: str | Path, **more: Any) -> Process:
        """Start a headless run that reports as JSON."""
        return self.start("--run", "stf_datataking", "--json", *arguments, **more)

    def workflow(self, *arguments: str | Path, **more: Any) -> Row:
        """A headless run that has to end well; returns its report."""
        done = self.start_run(*arguments, **more).wait()
        assert done.returncode == 0, done
        return report_of(done)

    def address(self) -> Address:
        """Where the broker is; OSError where there is none."""
        if self.activemq:
            return Address(self.activemq.host, self.activemq.port, self.activemq.user, self.activemq.password)
        told = json.loads((self.state / "broker.json").read_text())
        return Address(told["host"], told["port"], told["user"], told["password"])

    def listen(self, namespace: str | None = None) -> IndependentClient:
        """An independent durable subscriber of the topic."""
        return IndependentClient(self.address, namespace or self.namespace)

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Ask the database with nothing of swf-console between; `?` stands for a value."""
        if self.postgresql_url:
            with closing(psycopg2.connect(self.postgresql_url)) as postgresql:
                cursor = postgresql.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
                cursor.execute(statement.replace("?", "%s"), values)
                return [dict(row) for row in cursor.fetchall()]
        place = f"file:{self.database_file}?mode=ro"
        with closing(sqlite3.connect(place, uri=True, timeout=30)) as sqlite:
            sqlite.row_factory = sqlite3.Row
            return [dict(row) for row in sqlite.execute(statement, values)]

    @property
    def database_file(self) -> Path:
        return self.state / "swf.db"

    def executions(self) -> list[Row]:
        """Every execution, oldest first, its JSON columns read."""
        found = self.rows(
            "SELECT e.*, d.workflow_name, d.version, d.definition FROM swf_workflow_executions e"
            " JOIN swf_workflow_definitions d ON d.id = e.workflow_definition_id"
            " WHERE namespace = ? ORDER BY start_time",
            self.namespace,
        )
        names = ("parameter_values", "performance_metrics", "execution_environment")
        return [row | {name: document(row[name]) for name in names} for row in found]

    def execution(self, execution_id: str) -> Row:
        """One execution."""
        return next(row for row in self.executions() if row["execution_id"] == execution_id)

    def running(self) -> str:
        """The id of the one execution that runs, once there is one."""
        found = self.wait_rows(
            "SELECT execution_id FROM swf_workflow_executions WHERE status = 'running' AND namespace = ?",
            self.namespace,
        )
        assert len(found) == 1
        return str(found[0]["execution_id"])

    def messages(self, execution_id: str) -> list[Row]:
        """The recorded messages of an execution, in order."""
        return self.rows(
            "SELECT * FROM swf_workflow_messages WHERE execution_id = ? ORDER BY sent_at, message_id",
            execution_id,
        )

    def events(self, run_number: object) -> list[Row]:
        """The state events of a run, in order."""
        number = int(str(run_number))
        return self.rows(
            "SELECT * FROM swf_system_state_events WHERE run_number = ? ORDER BY event_id", number
        )

    def wait_rows(self, statement: str, *values: object, timeout: float = 30.0) -> list[Row]:
        """The rows of a statement, once there are any; a database that is not made yet has none."""

        def look() -> list[Row]:
            try:
                return self.rows(statement, *values)
            except (sqlite3.OperationalError, psycopg2.OperationalError):
                return []

        return wait_for(look, timeout, every=0.05)

    def wait_status(self, execution_id: str, status: str, timeout: float = 30.0) -> Row:
        """The execution once it has that status."""
        self.wait_rows(
            "SELECT 1 FROM swf_workflow_executions WHERE execution_id = ? AND status = ?",
            execution_id,
            status,
            timeout=timeout,
        )
        return self.execution(execution_id)

    def wait_messages(self, count: int, timeout: float = 30.0) -> None:
        """Return once that many messages of this namespace are recorded."""
        self.wait_rows(
            "SELECT count FROM (SELECT count(*) AS count FROM swf_workflow_messages WHERE namespace = ?) AS c"
            " WHERE count >= ?",
            self.namespace,
            count,
            timeout=timeout,
        )

    def broker_ended(self) -> None:
        """End the embedded broker, where the test has left one running."""
        if isinstance(self.broker, EmbeddedBroker):
            self.broker.end()

    def left_behind(self) -> dict[int, str]:
        """Living processes of this site."""
        return marked(self.mark)

    def close(self) -> None:
        """End what still lives."""
        end_marked(self.mark)
        for process in self._processes:
            process.wait()


class EmbeddedBroker:
    """`swf-console broker` of a site, in the foreground; it keeps port and messages over a restart."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._process: Process | None = None

    def start(self) -> None:
        """Start it, and return once it listens."""
        self._process = self._site.start("broker")
        self._process.wait_for("listening")

    def end(self) -> None:
        """Stop it, if it lives."""
        if self._process is not None and self._process.running:
            self.thaw()
            self.stop()

    def stop(self) -> None:
        """Ctrl-C."""
        process = self._living()
        process.send_group(signal.SIGINT)
        assert process.wait(10).returncode == 0

    def kill(self) -> None:
        """kill -9."""
        self._living().kill()

    def freeze(self) -> None:
        """Let it fall silent with every connection open."""
        os.kill(self._living().pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self._living().pid, signal.SIGCONT)

    def _living(self) -> Process:
        assert self._process is not None
        return self._process


def report_of(done: Done) -> Row:
    """What a `--json` run printed."""
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done
    report: Row = json.loads(lines[0])
    return report


def document(value: Any) -> Any:
    """A JSON column as SQLite (text) or PostgreSQL (read already) gives it."""
    return json.loads(value) if isinstance(value, str) else value
