"""A database of the monitor's migrations: shown, upgraded, used, and still usable by the monitor."""

import json
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

from ..conftest import running
from ..support.processes.site import TYPED, Row, Site
from ..support.processes.terminal import TmuxTerminal
from .conftest import watched

pytestmark = pytest.mark.postgresql

SUPPORT = Path(__file__).parents[1] / "support"
TABLES = (SUPPORT / "monitor_postgresql.sql").read_text()
ROWS = (SUPPORT / "monitor_rows.sql").read_text()
FILLED = re.findall(r"INSERT INTO (\w+)", ROWS)


class Kept:
    """A database with the monitor's tables."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.execute(TABLES)
        self.columns = {table: self._columns(table) for table in FILLED}
        self.monitor_writes(1)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL as the monitor's account, with nothing of swf-console between."""
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def monitor_writes(self, number: int) -> None:
        """One row in each table, as the monitor adds them."""
        self.execute(ROWS.replace("?", str(number)))

    def as_the_monitor_sees(self, where: str = "true") -> dict[str, list[tuple[Any, ...]]]:
        """Every row of these tables, by the monitor's own columns."""
        return {
            table: sorted(self.execute(f"SELECT {names} FROM {table} WHERE {where}"), key=str)
            for table, names in self.columns.items()
        }

    def account_that_may_read(self) -> str:
        """The URL of an account that may select from every table, and nothing else."""
        name, password = f"reader_{secrets.token_hex(4)}", secrets.token_hex(8)
        self.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        self.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        parts = urlsplit(self.url)
        place = f"{name}:{password}@{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=place))

    def forget_account(self, url: str) -> None:
        """Drop it."""
        name = urlsplit(url).username
        self.execute(f"DROP OWNED BY {name}")
        self.execute(f"DROP ROLE {name}")

    def _columns(self, table: str) -> str:
        found = self.execute(
            f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
            " ORDER BY ordinal_position"
        )
        return ", ".join(f'"{name}"' for (name,) in found)


@pytest.fixture
def kept(postgresql_url: str) -> Kept:
    return Kept(postgresql_url)


@pytest.fixture
def site(new_home: Path, kept: Kept) -> Iterator[Site]:
    """A home that points at it."""
    with watched(Site(new_home, postgresql_url=kept.url)) as made:
        made.broker.start()
        yield made


@pytest.fixture
def reader(new_home: Path, kept: Kept) -> Iterator[Site]:
    """A home that points at it with an account that may only read."""
    url = kept.account_that_may_read()
    with watched(Site(new_home, postgresql_url=url)) as made:
        made.broker.start()
        yield made
    kept.forget_account(url)


def console_on(site: Site) -> Iterator[TmuxTerminal]:
    """A terminal in its home."""
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        environment = site.environment | {"XDG_CONFIG_HOME": folder}
        yield from running(TmuxTerminal(Path(folder), site.home, environment, (160, 50)))


@pytest.fixture
def console(site: Site) -> Iterator[TmuxTerminal]:
    yield from console_on(site)


@pytest.fixture
def reading_console(reader: Site) -> Iterator[TmuxTerminal]:
    yield from console_on(reader)


def listed(site: Site, *words: str) -> list[Row]:
    done = site.run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_monitor_database_upgraded_serves_console_and_monitor(
    site: Site, kept: Kept, console: TmuxTerminal
) -> None:
    before = kept.as_the_monitor_sees()
    refused = site.run("executions", "list")
    assert refused.returncode == 2
    assert "db upgrade" in refused.stderr
    checked = site.run("db", "check")
    assert checked.returncode != 0
    assert "column swf_workflow_executions.lease_expires_at" in checked.stdout
    assert kept.as_the_monitor_sees() == before
    assert site.run("db", "upgrade").returncode == 0
    assert site.run("db", "check").returncode == 0
    assert kept.as_the_monitor_sees() == before

    console.type(f"{TYPED} --namespace web\n")
    console.wait_for("1 OVERVIEW", "db ●")
    console.type("4")
    console.wait_for("of_the_monitor-web-1", "completed")
    report = site.workflow("--stf-count", "3")
    console.type("/")
    console.press("C-u")
    console.type("status=completed\r")
    console.wait_for(report["execution_id"], "of_the_monitor-web-1")

    after = kept.as_the_monitor_sees()
    for table, rows in before.items():
        assert set(map(str, rows)) <= set(map(str, after[table])), table
    kept.monitor_writes(2)
    found = [row["execution_id"] for row in listed(site, "executions", "list")]
    assert {"of_the_monitor-web-2", report["execution_id"]} <= set(found)
    ours = kept.execute(
        f"SELECT {kept.columns['swf_workflow_executions']} FROM swf_workflow_executions"
        f" WHERE execution_id = '{report['execution_id']}'"
    )
    assert ours[0][5] == "completed"
    sent = "SELECT count(*) FROM swf_workflow_messages WHERE execution_id = "
    assert kept.execute(f"{sent} '{report['execution_id']}'") == [(6,)]
    kept.execute("UPDATE swf_workflow_executions SET status = 'failed' WHERE executed_by = 'web'")
    assert {row["status"] for row in listed(site, "executions", "list") if row["executed_by"] == "web"} == {
        "failed"
    }


def test_monitor_database_without_rights_is_read_only(
    reader: Site, kept: Kept, reading_console: TmuxTerminal
) -> None:
    before = kept.as_the_monitor_sees()
    found = [row["execution_id"] for row in listed(reader, "executions", "list")]
    assert found == ["of_the_monitor-web-1"]
    assert [row["run_id"] for row in listed(reader, "messages", "list")] == ["991"]
    for words in (["--run", "stf_datataking"], ["db", "upgrade"]):
        refused = reader.run(*words)
        assert refused.returncode in (2, 3)
        assert len(refused.stderr.splitlines()) <= 2, refused.stderr
        assert "Traceback" not in refused.stderr

    reading_console.type(f"{TYPED} --namespace web\n")
    reading_console.wait_for("1 OVERVIEW", "RO", "db ●")
    reading_console.type("4")
    reading_console.wait_for("of_the_monitor-web-1", "completed")
    reading_console.type("W")
    reading_console.wait_for("read-only: reader_", "may not alter")
    reading_console.type("3")
    reading_console.wait_for("3 MESSAGES")
    reading_console.type("2")
    reading_console.wait_for("data-agent-web-1")
    assert "Traceback" not in reading_console.screen
    assert kept.as_the_monitor_sees() == before


def test_monitor_database_read_only_account_is_reported(kept: Kept, new_home: Path) -> None:
    with watched(Site(new_home, postgresql_url=kept.url)) as owner:
        assert owner.run("db", "upgrade").returncode == 0
        url = kept.account_that_may_read()
        owner.environment["SWF_DATABASE_URL"] = url
        assert [row["execution_id"] for row in listed(owner, "executions", "list")] == [
            "of_the_monitor-web-1"
        ]
        owner.broker.start()
        refused = owner.run("--run", "stf_datataking")
        assert refused.returncode == 2
        assert "lacks a privilege" in refused.stderr
    kept.forget_account(url)
