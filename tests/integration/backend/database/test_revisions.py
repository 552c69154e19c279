"""Revisions of the tables: frozen, added to, and shared by programs of two versions."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from swf_console.backend.core.errors import DatabaseUnusable
from swf_console.backend.core.settings import load_settings
from swf_console.backend.database import Database, agents, executions, open_database
from swf_console.backend.database.connection import migrate, urls
from swf_console.backend.database.connection.revision import HEAD, KNOWN, compatible_from
from swf_console.backend.database.connection.schema_diff import missing
from swf_console.backend.database.records.agents import Heartbeat
from swf_console.backend.database.tables.all_tables import all_tables
from swf_console.backend.services.health.database import probe_database
from tests.support import next_version, schema
from tests.support.history import add_execution
from tests.support.homes import plain_environment, run
from tests.support.next_version import NEXT

DECLARED = re.compile(r'^compatible_from = "(\d+)"$', re.MULTILINE)


@pytest.fixture
def additive(tmp_path: Path) -> Path:
    return next_version.write_revision(tmp_path / "additive")


@pytest.fixture
def breaking(tmp_path: Path) -> Path:
    return next_version.write_revision(tmp_path / "breaking", additive=False)


@contextmanager
def opened(empty_url: str) -> Iterator[Database]:
    """The database as it is, whatever its version."""
    database = Database(urls.parse(empty_url))
    try:
        yield database
    finally:
        database.close()


def test_revisions_create_the_live_tables(empty_url: str, tmp_path: Path) -> None:
    migrate.upgrade(empty_url)
    with opened(empty_url) as database, database.write() as connection:
        assert missing(connection, all_tables()) == []
        made = schema.shape(connection), schema.definitions(connection)
        options = storage_options(database)
        connection.execute(text("DROP TABLE alembic_version"))
        all_tables().drop_all(connection)
        all_tables().create_all(connection)
        assert (schema.shape(connection), schema.definitions(connection)) == made
    with opened(empty_url) as database:
        assert storage_options(database) == options


def storage_options(database: Database) -> list[tuple[str, str]]:
    """How full PostgreSQL packs the pages of each table; SQLite has no such thing."""
    if database.kind == "sqlite":
        return []
    query = (
        "SELECT relname, reloptions::text FROM pg_class WHERE reloptions IS NOT NULL AND relname LIKE 'swf_%'"
    )
    with database.read() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(query))]


def test_known_versions_are_shipped_revisions() -> None:
    scripts = sorted(path.name for path in migrate.VERSION_LOCATIONS[0].glob("[0-9]*.py"))
    assert tuple(name.partition("_")[0] for name in scripts) == KNOWN
    for known, name in zip(KNOWN, scripts, strict=True):
        code = (migrate.VERSION_LOCATIONS[0] / name).read_text()
        declared = DECLARED.search(code)
        assert declared, f"{name} says nothing of older programs"
        assert declared[1] in KNOWN[: KNOWN.index(known) + 1]
        assert "swf_console.backend.database.tables" not in code


def oldest_declared() -> str:
    """The latest `compatible_from` that a shipped revision declares, read from the text."""
    scripts = migrate.VERSION_LOCATIONS[0].glob("[0-9]*.py")
    return max(found[1] for script in scripts if (found := DECLARED.search(script.read_text())))


def test_compatible_from_lockout_is_permanent(
    breaking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = oldest_declared()
    later = next_version.write_revision(tmp_path / "later", version=f"{int(NEXT) + 1:04d}", after=NEXT)
    monkeypatch.setattr(migrate, "VERSION_LOCATIONS", (*migrate.VERSION_LOCATIONS, breaking, later))
    found = [migrate.oldest_compatible(one) for one in (HEAD, NEXT, f"{int(NEXT) + 1:04d}")]
    assert found == [oldest, NEXT, NEXT]


def test_next_revision_creates_fresh_database(empty_url: str, additive: Path) -> None:
    if empty_url.startswith("postgresql"):
        with pytest.raises(DatabaseUnusable, match="no tables of swf-console yet"):
            open_database(empty_url)
    next_version.upgrade(empty_url, additive)
    with opened(empty_url) as database:
        assert next_version.column_is_there(database)
        with database.read() as connection:
            assert missing(connection, all_tables()) == []
            assert compatible_from(connection) == oldest_declared()
    assert migrate.current(empty_url) == NEXT


def test_next_revision_upgrades_database_with_rows(empty_url: str, additive: Path) -> None:
    migrate.upgrade(empty_url)
    with opened(empty_url) as database:
        execution_id = add_execution(database)
        with database.read() as connection:
            before = executions.get(connection, execution_id)
    next_version.upgrade(empty_url, additive)
    with opened(empty_url) as database, database.read() as connection:
        assert executions.get(connection, execution_id) == before
        assert next_version.column_is_there(database)
    assert migrate.current(empty_url) == NEXT


def test_upgrade_keeps_persistent_state(empty_url: str, additive: Path) -> None:
    migrate.upgrade(empty_url)
    state = text("SELECT state_data FROM swf_persistent_state WHERE id = 1")
    with opened(empty_url) as database, database.write() as connection:
        # the first version stores nothing, and a later one its own
        assert compatible_from(connection) == (None if KNOWN[0] == HEAD else oldest_declared())
        connection.execute(text("DELETE FROM swf_persistent_state"))
        connection.execute(
            text(
                "INSERT INTO swf_persistent_state (id, state_data, updated_at)"
                " VALUES (1, '{\"next_run_number\": 100044}', '2026-01-01 00:00:00')"
            )
        )
    next_version.upgrade(empty_url, additive)
    with opened(empty_url) as database, database.read() as connection:
        found = connection.execute(state).scalar_one()
    kept = json.loads(found) if isinstance(found, str) else found
    assert kept == {"next_run_number": 100044, "compatible_from": oldest_declared()}


def test_additive_revision_older_programs_read_and_write(empty_url: str, additive: Path) -> None:
    next_version.upgrade(empty_url, additive)
    with opened(empty_url) as database:
        assert next_version.column_is_there(database)
    database = open_database(empty_url)
    execution_id = add_execution(database)
    with database.read() as connection:
        assert executions.get(connection, execution_id) is not None
    database.close()
    assert migrate.check(empty_url) == []
    assert migrate.upgrade(empty_url) == migrate.Upgraded(NEXT, NEXT)


def test_additive_revision_older_program_runs_workflows(
    empty_url: str, additive: Path, tmp_path: Path
) -> None:
    next_version.upgrade(empty_url, additive)
    older = OlderProgram(empty_url, tmp_path)
    report = older("--run", "stf_datataking", "--stf-count", "1", "--json")
    assert json.loads(report)["status"] == "completed"
    (listed,) = older("executions", "list", "--json").splitlines()
    assert json.loads(listed)["execution_id"] == json.loads(report)["execution_id"]
    current = older("db", "current")
    assert f"version {NEXT} (this program: {HEAD})" in current


def test_probe_reports_version_of_tables(
    empty_url: str, additive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWF_DATABASE_URL", empty_url)
    monkeypatch.setenv("SWF_STATE_DIR", str(tmp_path / "state"))
    next_version.upgrade(empty_url, additive)
    assert probe_database(load_settings()).version == NEXT


@pytest.mark.parametrize("words", [["--run", "stf_datataking"], ["executions"], ["db", "upgrade"]])
def test_breaking_revision_older_program_refused_in_one_line(
    empty_url: str, breaking: Path, tmp_path: Path, words: list[str]
) -> None:
    next_version.upgrade(empty_url, breaking)
    said = OlderProgram(empty_url, tmp_path)(*words, code=2)
    assert len(said.splitlines()) == 1
    for part in (
        urls.shown(urls.parse(empty_url)),
        f"newer version ({NEXT}",
        f"this program ({HEAD})",
        "Update swf",
    ):
        assert part.removeprefix("sqlite:///") in said


def test_breaking_revision_names_oldest_compatible_version(empty_url: str, breaking: Path) -> None:
    migrate.upgrade(empty_url)
    next_version.upgrade(empty_url, breaking, "--yes")
    with pytest.raises(
        DatabaseUnusable, match=rf"newer version \({NEXT}, for programs of version {NEXT}"
    ) as caught:
        open_database(empty_url)
    assert caught.value.exit_code == 2


def test_tables_of_another_program_refused(empty_url: str) -> None:
    with opened(empty_url) as database, database.write() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('27c6a30d7c24')"))
    with pytest.raises(DatabaseUnusable, match=r"newer version \(27c6a30d7c24\)"):
        open_database(empty_url)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("answer", "code", "version"), [(None, 5, HEAD), ("", 5, HEAD), ("n\n", 5, HEAD), ("y\n", 0, NEXT)]
)
def test_upgrade_lockout_names_clients_and_asks(
    postgresql_url: str, breaking: Path, answer: str | None, code: int, version: str
) -> None:
    migrate.upgrade(postgresql_url)
    let_programs_live(postgresql_url)
    done = next_version.run_upgrade(postgresql_url, breaking, answer=answer)
    assert done.returncode == code, done.stderr
    assert f"from version {HEAD} to {NEXT} locks out programs older than version {NEXT}" in done.stderr
    (agent,) = (line for line in done.stderr.splitlines() if line.startswith("  agent"))
    (execution,) = (line for line in done.stderr.splitlines() if line.startswith("  execution"))
    assert agent.startswith("  agent data-agent-alice-1: host vm1, process 71, heartbeat ")
    told = "user shifter, host vm2, process 72, swf-console 0.1.0"
    assert execution == f"  execution stf_datataking-shifter-0001: {told}"
    assert ("Upgrade now? [y/N]" in done.stderr) == (answer is not None)
    assert ("use --yes" in done.stderr) == (answer is None)
    assert migrate.current(postgresql_url) == version


@pytest.mark.postgresql
def test_upgrade_lockout_yes_upgrades(postgresql_url: str, breaking: Path) -> None:
    migrate.upgrade(postgresql_url)
    done = next_version.run_upgrade(postgresql_url, breaking, "--yes")
    assert done.returncode == 0
    assert "locks out" in done.stderr
    assert "No agent and no execution is active in it" in done.stderr
    assert migrate.current(postgresql_url) == NEXT
    again = next_version.run_upgrade(postgresql_url, breaking)
    assert (again.returncode, again.stderr) == (0, "")


@pytest.mark.postgresql
def test_upgrade_additive_asks_nothing(postgresql_url: str, additive: Path) -> None:
    migrate.upgrade(postgresql_url)
    let_programs_live(postgresql_url)
    done = next_version.run_upgrade(postgresql_url, additive)
    assert (done.returncode, done.stderr) == (0, "")
    assert migrate.current(postgresql_url) == NEXT


def let_programs_live(empty_url: str) -> None:
    """An agent and an execution that are alive, and some that no longer are."""
    now = datetime.now(UTC)
    common: dict[str, Any] = {"agent_type": "data", "status": "OK", "operational_state": "READY"}
    beats = [
        Heartbeat("data-agent-alice-1", at=now, pid=71, hostname="vm1", **common),
        Heartbeat("data-agent-alice-2", at=now - timedelta(hours=1), **common),
        Heartbeat("data-agent-alice-3", at=now, **common | {"operational_state": "EXITED"}),
    ]
    environment = {"host": "vm2", "pid": 72, "packages": {"swf-console": "0.1.0"}}
    lease: dict[str, Any] = {"owner": "vm2:72:c2e0", "execution_environment": environment}
    with opened(empty_url) as database:
        with database.write() as connection:
            for beat in beats:
                agents.heartbeat(connection, beat)
        add_execution(database, 1, status="running", lease_expires_at=now + timedelta(hours=1), **lease)
        add_execution(database, 2, status="running", lease_expires_at=now - timedelta(hours=1), **lease)
        add_execution(database, 3, lease_expires_at=now + timedelta(hours=1), **lease)


class OlderProgram:
    """`swf-console` of the present version, in a home of its own."""

    def __init__(self, empty_url: str, folder: Path) -> None:
        self.environment = plain_environment(SWF_DATABASE_URL=empty_url, SWF_STATE_DIR=str(folder / "state"))
        self.home = folder / "home"
        self("init", str(self.home), cwd=folder)
        testbed = self.home / "workflows" / "testbed.toml"
        testbed.write_text(testbed.read_text().replace("your-namespace", "demo"))

    def __call__(self, *words: str, code: int = 0, cwd: Path | None = None) -> str:
        """What it says on stdout, or on stderr where it is to fail."""
        done = run(
            [sys.executable, "-m", "swf_console", *words], cwd=cwd or self.home, environment=self.environment
        )
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout
