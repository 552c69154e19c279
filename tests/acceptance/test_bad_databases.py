"""Databases that cannot be used: one clear line, exit code 2 or 3, and they stay as they were."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from ..support.postgresql import PostgreSQL, PostgreSQLServer
from ..support.processes.account import NOBODY, as_nobody
from ..support.processes.foreground import ProcessResult
from ..support.processes.server import free_port
from ..support.processes.site import NO_DELAYS, SWF_CONSOLE, Site, report_of
from ..support.services import private_directory
from .conftest import watched

USAGE, UNREACHABLE = 2, 3
SHORT = {"SWF_OUTAGE_LIMIT": "2", "SWF_LEASE_SECONDS": "2"}
PASSWORD = "hard to guess"


def check_one_clear_line(done: ProcessResult, *says: str, exit_code: int = USAGE) -> None:
    assert done.returncode == exit_code, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("swf-console: ")
    for words in says:
        assert words in line
    assert PASSWORD not in line


def run(site: Site, url: str | None = None) -> ProcessResult:
    return site.run("--run", "stf_datataking", environment={"SWF_DATABASE_URL": url} if url else None)


def check_nothing_begun(site: Site) -> None:
    assert site.left_behind() == {}
    assert not (site.state / "broker.json").exists()


def test_database_directory_is_refused(embedded_site: Site, tmp_path: Path) -> None:
    check_one_clear_line(run(embedded_site, f"sqlite:///{tmp_path}"), str(tmp_path), "directory")
    check_nothing_begun(embedded_site)


def test_database_in_missing_folder_is_refused(embedded_site: Site) -> None:
    check_one_clear_line(run(embedded_site, "sqlite:////nowhere/swf.db"), "/nowhere/swf.db", "/nowhere")
    check_nothing_begun(embedded_site)


def test_database_other_file_is_refused_unchanged(embedded_site: Site) -> None:
    embedded_site.state.mkdir(mode=0o700)
    embedded_site.database_file.write_text("Shift notes, do not delete.\n" * 200)
    before = embedded_site.database_file.read_bytes()
    check_one_clear_line(run(embedded_site), str(embedded_site.database_file), "is not a SQLite database")
    assert embedded_site.database_file.read_bytes() == before
    check_nothing_begun(embedded_site)


def test_database_newer_version_is_refused_unchanged(embedded_site: Site, tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    embedded_site.workflow("--stf-count", "1")
    shutil.copy(embedded_site.database_file, newer)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_of_tomorrow'")
        connection.execute("DELETE FROM swf_persistent_state")  # nothing says that older programs may go on
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = newer.read_bytes()
    for arguments in (["--run", "stf_datataking"], ["executions"], ["db", "upgrade"]):
        done = embedded_site.run(*arguments, environment={"SWF_DATABASE_URL": f"sqlite:///{newer}"})
        check_one_clear_line(done, str(newer), "newer version", "9999_of_tomorrow", "Update swf-console")
    assert newer.read_bytes() == before


@pytest.fixture
def nobodys_site(template: Path) -> Iterator[Site]:
    """A home of the account `nobody` if the tests run as root, else of this user."""
    with private_directory("home") as folder:
        folder.chmod(0o755)
        with watched(Site(shutil.copytree(template, folder / "home"))) as made:
            if os.getuid() == 0:
                made.environment["HOME"] = str(made.home)
                shutil.chown(made.home, NOBODY)
            yield made


def test_database_read_only_is_refused_unchanged(nobodys_site: Site) -> None:
    archive = nobodys_site.home / "archive"
    archive.mkdir()
    file = archive / "swf.db"
    program = as_nobody()
    nobodys_site.environment["SWF_DATABASE_URL"] = f"sqlite:///{file}"
    if os.getuid() == 0:
        shutil.chown(archive, NOBODY)
    done = nobodys_site.run("--run", "stf_datataking", program=program)
    assert done.returncode == 0, done
    before = file.read_bytes()
    file.chmod(0o444)
    archive.chmod(0o555)
    for arguments in (["--run", "stf_datataking"], ["control", "status"]):
        refused = nobodys_site.run(*arguments, program=program)
        check_one_clear_line(refused, str(file), "read-only") if arguments[0] == "--run" else None
    assert file.read_bytes() == before
    archive.chmod(0o755)


def limited(kilobytes: int) -> list[str]:
    """The words before a command whose files may not grow beyond a size."""
    return ["/bin/bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "limited", str(SWF_CONSOLE)]


def test_database_full_at_start_is_refused(embedded_site: Site) -> None:
    embedded_site.workflow("--stf-count", "1")
    embedded_site.broker.start()
    with embedded_site.listen() as subscriber:
        done = embedded_site.run("--run", "stf_datataking", program=limited(8))
        embedded_site.workflow("--stf-count", "1")
        subscriber.wait(4)
    check_one_clear_line(done, str(embedded_site.database_file))
    assert subscriber.arrivals == 4
    assert [one["status"] for one in embedded_site.executions()] == ["completed"] * 2


def test_database_full_during_run_fails_execution(embedded_site: Site) -> None:
    embedded_site.workflow("--stf-count", "1")
    embedded_site.environment |= SHORT
    embedded_site.broker.start()
    with embedded_site.listen() as subscriber:
        run = [
            "--run",
            "stf_datataking",
            "--json",
            "--stf-count",
            "100000",
            "--realtime",
            "--stf-interval",
            "0.001",
        ]
        done = embedded_site.run(*run, *NO_DELAYS, program=limited(1500))
        recorded = {
            str(row["message_id"])
            for row in embedded_site.rows("SELECT message_id FROM swf_workflow_messages")
        }
    assert done.returncode == 1
    report = report_of(done)
    assert report["status"] == "failed"
    assert str(embedded_site.database_file) in report["error_message"]
    assert {one.hex for one in subscriber.ids} <= {one.replace("-", "") for one in recorded}
    assert embedded_site.run("executions").returncode == 0
    assert embedded_site.execution(report["execution_id"])["status"] == "failed"


def changed(url: str, **parts: str) -> str:
    """The URL with another port, password or database."""
    split = urlsplit(url)
    password, port = parts.get("password", split.password), parts.get("port", split.port)
    place = f"{split.username}:{password}@{split.hostname}:{port}"
    return urlunsplit(split._replace(netloc=place, path=parts.get("path", split.path)))


@pytest.mark.postgresql
def test_postgresql_not_reachable_is_exit_3(embedded_site: Site, postgresql_url: str) -> None:
    port = str(free_port())
    away = changed(postgresql_url, port=port)
    check_one_clear_line(run(embedded_site, away), f":{port}/", "SWF_DATABASE_URL", exit_code=UNREACHABLE)
    wrong = changed(postgresql_url, password=PASSWORD.replace(" ", "%20"))
    check_one_clear_line(run(embedded_site, wrong), "user and password", exit_code=UNREACHABLE)
    missing = changed(postgresql_url, path="/swf_nowhere")
    check_one_clear_line(run(embedded_site, missing), "swf_nowhere", "Create it", exit_code=UNREACHABLE)
    listed = embedded_site.run("executions", environment={"SWF_DATABASE_URL": away})
    check_one_clear_line(listed, f":{port}/", exit_code=UNREACHABLE)
    check_nothing_begun(embedded_site)


@pytest.mark.postgresql
def test_postgresql_without_tables_needs_upgrade(embedded_site: Site, postgresql_url: str) -> None:
    check_one_clear_line(
        run(embedded_site, postgresql_url), "no tables of swf-console", "swf-console db upgrade"
    )
    check_nothing_begun(embedded_site)
    embedded_site.postgresql_url = embedded_site.environment["SWF_DATABASE_URL"] = postgresql_url
    assert embedded_site.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []
    upgraded = embedded_site.run("db", "upgrade")
    assert upgraded.returncode == 0, upgraded
    assert embedded_site.run("db", "check").returncode == 0
    assert embedded_site.workflow("--stf-count", "1")["status"] == "completed"


@pytest.mark.postgresql
def test_postgresql_without_answer_is_exit_3(embedded_site: Site, private_postgresql: PostgreSQL) -> None:
    url = private_postgresql.url(private_postgresql.create_database())
    private_postgresql.freeze()
    done = run(embedded_site, url)
    private_postgresql.thaw()
    check_one_clear_line(done, "timeout", exit_code=UNREACHABLE)
    check_nothing_begun(embedded_site)


@pytest.mark.postgresql
def test_postgresql_newer_version_is_refused(
    embedded_site: Site, postgresql: PostgreSQLServer, postgresql_url: str
) -> None:
    assert (
        embedded_site.run("db", "upgrade", environment={"SWF_DATABASE_URL": postgresql_url}).returncode == 0
    )
    import psycopg2

    with closing(psycopg2.connect(postgresql_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("UPDATE alembic_version SET version_num = '9999_of_tomorrow'")
        # nothing says that older programs may go on
        connection.cursor().execute("DELETE FROM swf_persistent_state")
    check_one_clear_line(run(embedded_site, postgresql_url), "newer version", "9999_of_tomorrow")
    check_nothing_begun(embedded_site)
