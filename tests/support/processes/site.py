"""A home with its broker and its database, for its processes and for independent clients."""

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

from ..activemq import ActiveMQAddress
from ..homes import plain_environment
from ..independent_client import Address, IndependentClient
from ..waiting import wait_for
from .foreground import PROCESS_MARK, ForegroundProcess, ProcessResult, end_marked, marked

PROGRAMS = Path(sysconfig.get_path("scripts"))
SWF_CONSOLE = PROGRAMS / "swf-console"
TYPED = shlex.quote(str(SWF_CONSOLE))  # quoted for a shell
PYTHON = PROGRAMS / "python"
# options of a run in real time without delays before and after its STFs
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
    """The operations of tests on a broker."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


class Site:
    """A home, the environment of its processes, and independent access to broker and database.

    Without `activemq` and `postgresql_url` it uses the embedded broker and SQLite.
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
        self.environment = plain_environment(
            **{PROCESS_MARK: self.mark, "USER": "shifter", "PYTHONUNBUFFERED": "1"}
        )
        self.broker: Broker = EmbeddedBroker(self)
        if activemq:
            self.environment |= activemq.environment()
        if postgresql_url:
            self.environment["SWF_DATABASE_URL"] = postgresql_url
        self._processes: list[ForegroundProcess] = []
        self._name_namespace()

    def _name_namespace(self) -> None:
        testbed = self.home / "workflows" / "testbed.toml"
        testbed.write_text(testbed.read_text().replace("your-namespace", self.namespace))

    def start(
        self,
        *arguments: str | Path,
        program: Sequence[str | Path] = (SWF_CONSOLE,),
        environment: Mapping[str, str | None] | None = None,
    ) -> ForegroundProcess:
        """Start swf-console, or another program, in the home; None in `environment` unsets a variable."""
        merged = self.environment | dict(environment or {})
        process = ForegroundProcess(
            [*program, *arguments],
            cwd=self.home,
            environment={name: value for name, value in merged.items() if value is not None},
            output=self.output / str(len(self._processes)),
        )
        self._processes.append(process)
        return process

    def run(self, *arguments: str | Path, timeout: float = 60.0, **more: Any) -> ProcessResult:
        """Run a command to its end."""
        return self.start(*arguments, **more).wait(timeout)

    def start_run(self, *arguments: str | Path, **more: Any) -> ForegroundProcess:
        """Start a headless run that reports as JSON."""
        return self.start("--run", "stf_datataking", "--json", *arguments, **more)

    def workflow(self, *arguments: str | Path, **more: Any) -> Row:
        """A headless run that must succeed; returns its report."""
        done = self.start_run(*arguments, **more).wait()
        assert done.returncode == 0, done
        return report_of(done)

    def address(self) -> Address:
        """The broker's address; OSError if none is running."""
        if self.activemq:
            return Address(self.activemq.host, self.activemq.port, self.activemq.user, self.activemq.password)
        told = json.loads((self.state / "broker.json").read_text())
        return Address(told["host"], told["port"], told["user"], told["password"])

    def listen(self, namespace: str | None = None) -> IndependentClient:
        """An independent durable subscriber of the topic."""
        return IndependentClient(self.address, namespace or self.namespace)

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Query the database without swf-console's code; `?` stands for a value."""
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
        """Wait for the single running execution; returns its id."""
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
        """Wait until a statement returns rows; a database that does not exist yet has none."""

        def look() -> list[Row]:
            try:
                return self.rows(statement, *values)
            except (sqlite3.OperationalError, psycopg2.OperationalError):
                return []

        return wait_for(look, timeout, every=0.05)

    def wait_status(self, execution_id: str, status: str, timeout: float = 30.0) -> Row:
        """Wait until the execution has that status; returns it."""
        self.wait_rows(
            "SELECT 1 FROM swf_workflow_executions WHERE execution_id = ? AND status = ?",
            execution_id,
            status,
            timeout=timeout,
        )
        return self.execution(execution_id)

    def wait_messages(self, count: int, timeout: float = 30.0) -> None:
        """Wait until that many messages of this namespace are recorded."""
        self.wait_rows(
            "SELECT count FROM (SELECT count(*) AS count FROM swf_workflow_messages WHERE namespace = ?) AS c"
            " WHERE count >= ?",
            self.namespace,
            count,
            timeout=timeout,
        )

    def broker_ended(self) -> None:
        """Stop the embedded broker if the test has left it running."""
        if isinstance(self.broker, EmbeddedBroker):
            self.broker.end()

    def left_behind(self) -> dict[int, str]:
        """The processes of this site that still run."""
        return marked(self.mark)

    def close(self) -> None:
        """Kill all processes of this site."""
        end_marked(self.mark)
        for process in self._processes:
            process.wait()


class EmbeddedBroker:
    """`swf-console broker` of a site, in the foreground; port and messages survive a restart."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._process: ForegroundProcess | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = self._site.start("broker")
        self._process.wait_for("listening")

    def end(self) -> None:
        """Stop it if it is running."""
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
        """Freeze it; its connections stay open and silent."""
        os.kill(self._living().pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it continue."""
        os.kill(self._living().pid, signal.SIGCONT)

    def _living(self) -> ForegroundProcess:
        assert self._process is not None
        return self._process


def report_of(done: ProcessResult) -> Row:
    """The report that a `--json` run printed."""
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done
    report: Row = json.loads(lines[0])
    return report


def document(value: Any) -> Any:
    """A JSON column, which SQLite returns as text and PostgreSQL decoded."""
    return json.loads(value) if isinstance(value, str) else value
