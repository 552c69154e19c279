"""A home for `testbed ...` commands; its agents run under its supervisord."""

import json
import os
import re
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras

from swf_console.backend.core.settings import sqlite_url
from swf_console.backend.database import Database, open_database

from ..fast_run import left_by
from ..homes import plain_environment, run
from ..waiting import wait_for
from .site import PROGRAMS

PATH = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
SUPERVISORCTL = ("supervisorctl", "-c", "agents.supervisord.conf")
NUMBERED = re.compile(r"(-agent-[A-Za-z0-9._]+)-\d+")
# depends on the agent's number or on which worker was free first
BY_CHANCE = re.compile(
    r'"(stage_id|assigned_worker|panda_job)": "[^"]*"|"slices_completed": \d+(?=.*"worker_id")'
)

Row = dict[str, Any]


class Testbed:
    """A home of namespace `torre1`; `environment` names its backends (default: the embedded ones)."""

    __test__ = False

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.environment = plain_environment(PATH=PATH, USER="alice", **(environment or {}))
        self.url = self.environment.get("SWF_DATABASE_URL", "")
        settings = home / "workflows/testbed.toml"
        settings.write_text(settings.read_text().replace("your-namespace", "torre1"))

    def type(self, *words: str, code: int = 0) -> str:
        """Run a command that must exit with `code`; returns its output."""
        done = run(words, cwd=self.home, environment=self.environment)
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout + done.stderr

    def rows(self, statement: str) -> list[Row]:
        """Query the database without swf-console's code."""
        if self.url:
            with closing(psycopg2.connect(self.url)) as postgresql:
                cursor = postgresql.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
                cursor.execute(statement)
                return [dict(row) for row in cursor.fetchall()]
        place = f"file:{self.home / '.state/swf.db'}?mode=ro"
        with closing(sqlite3.connect(place, uri=True, timeout=30)) as sqlite:
            sqlite.row_factory = sqlite3.Row
            return [dict(row) for row in sqlite.execute(statement)]

    def wait_rows(self, statement: str, count: int = 1, timeout: float = 60.0) -> list[Row]:
        """Wait until a statement returns `count` rows."""
        wait_for(lambda: len(self.rows(statement)) >= count, timeout, every=0.05)
        return self.rows(statement)

    def agents(self) -> dict[str, str]:
        """The state of each program."""
        return {one["program"]: one["state"] for one in self.status()["agents"] if one["program"]}

    def running(self) -> set[str]:
        """The names of the running programs."""
        return {name for name, state in self.agents().items() if state == "RUNNING"}

    def status(self) -> Row:
        """The document of `testbed status`."""
        done = run(("testbed", "status", "--json"), cwd=self.home, environment=self.environment)
        assert done.stdout, done.stderr
        found: Row = json.loads(done.stdout)
        return found

    def left(self) -> dict[str, list[str]]:
        """Every row of the processing chain without times, agent numbers, and the choice of workers."""
        database: Database = open_database(self.url or sqlite_url(self.home / ".state/swf.db"))
        try:
            rows = left_by(database)
        finally:
            database.close()
        return {table: sorted(map(_without_chance, texts)) for table, texts in rows.items()}

    def kill_supervisord(self) -> int:
        """kill -9 of supervisord only; returns its PID."""
        pid = int((self.home / ".state/supervisord.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))
        return pid

    def close(self) -> None:
        """End everything, whether or not its supervisord is running."""
        done = run((*SUPERVISORCTL, "shutdown"), cwd=self.home, environment=self.environment)
        pid_file = self.home / ".state/supervisord.pid"
        if done.returncode != 0 and pid_file.exists():  # a home whose supervisorctl is of another testbed
            with suppress(ProcessLookupError):  # of a test that killed it
                os.kill(int(pid_file.read_text()), signal.SIGTERM)
        wait_for(lambda: self.status()["supervisor"]["state"] in {"absent", "stale"}, 60, every=0.2)
        self.type("swf-console", "agents", "orphans", "--end")


def _without_chance(text: str) -> str:
    return BY_CHANCE.sub("", NUMBERED.sub(r"\1", text))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
