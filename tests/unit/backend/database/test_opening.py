"""Opening SQLite: made, upgraded once, private, quick; and what is said where it cannot be."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import text

from swf_console.backend.core.errors import DatabaseUnreachable, DatabaseUnusable
from swf_console.backend.database import Database, namespaces, open_database, runs, sequences
from swf_console.backend.database.connection import migrate, urls
from swf_console.backend.database.connection.revision import HEAD


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A directory of a user who is not root, who is not stopped by file modes."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        root = os.geteuid() == 0
        if root:
            os.chown(directory, 65534, 65534)
            os.seteuid(65534)
        try:
            yield directory
        finally:
            directory.chmod(0o700)
            if root:
                os.seteuid(0)


def test_open_fresh_file_is_private_and_complete(tmp_path: Path) -> None:
    path = tmp_path / "a directory" / "with spaces" / "swf console.db"
    path.parent.mkdir(parents=True)
    open_database(url_of(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert migrate.current(url_of(path)) == HEAD
    assert migrate.check(url_of(path)) == []


@pytest.mark.parametrize("name", ["a?b.db", "100%.db", "a#b.db", "a%20b.db", "\u00e9\U0001f600.db"])
def test_open_path_not_url_decoded(tmp_path: Path, name: str) -> None:
    open_database(url_of(tmp_path / name)).close()
    assert (tmp_path / name).exists()


def test_open_lock_of_another_user_reported(tmp_path: Path) -> None:
    (tmp_path / "swf.db.lock").mkdir()
    with pytest.raises(DatabaseUnusable, match=r"swf.db.lock: cannot be locked for the upgrade"):
        open_database(url_of(tmp_path / "swf.db"))


def test_open_connection_pragmas(path: Path) -> None:
    database = open_database(url_of(path))
    with database.read() as connection:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    database.close()
    assert values == ["wal", 1, 1, 30_000]


def test_open_second_time_loads_no_alembic(path: Path) -> None:
    open_database(url_of(path)).close()
    program = (
        "import sys; from swf_console.backend.database import open_database, executions, messages, runs;"
        f"open_database({url_of(path)!r}).close();"
        "print([name for name in sys.modules if name in ('alembic', 'sqlalchemy.orm', 'psycopg2', 'mako')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _open_and_draw(url: str) -> int:
    database = open_database(url)
    with database.write() as connection:
        number = sequences.next_execution_number(connection)
    database.close()
    return number


def test_open_eight_processes_one_fresh_file(path: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as pool:
        numbers = list(pool.map(_open_and_draw, [url_of(path)] * 8))
    assert sorted(numbers) == list(range(1, 9))


def test_open_memory_shared_by_all_threads() -> None:
    database = open_database("sqlite://")
    together = threading.Barrier(8)

    def draw(_: int) -> list[int]:
        together.wait()
        numbers = []
        for _ in range(20):
            with database.write() as connection:
                numbers.append(sequences.next_run_number(connection))
        return numbers

    with ThreadPoolExecutor(8) as pool:
        drawn = [number for numbers in pool.map(draw, range(8)) for number in numbers]
    database.close()
    assert sorted(drawn) == list(range(100_010, 100_170))


def test_open_two_memory_databases_are_separate() -> None:
    one, other = open_database("sqlite://"), open_database("sqlite://")
    for database in (one, other):
        with database.write() as connection:
            assert sequences.next_agent_number(connection) == 1
        database.close()


def test_open_old_file_without_version_keeps_rows(path: Path) -> None:
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE swf_namespace (name varchar(100) PRIMARY KEY, owner varchar(100) NOT NULL)")
        old.execute("INSERT INTO swf_namespace VALUES ('torre1', 'wenauseic')")
    old.close()
    database = open_database(url_of(path))
    with database.read() as connection:
        rows = connection.execute(text("SELECT name, owner, description FROM swf_namespace")).all()
    database.close()
    assert [tuple(row) for row in rows] == [("torre1", "wenauseic", None)]


def test_open_newer_version_refused(path: Path) -> None:
    database = open_database(url_of(path))
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        # nothing says that older programs may go on
        connection.execute(text("DELETE FROM swf_persistent_state"))
    database.close()
    with pytest.raises(DatabaseUnusable, match=r"newer version \(9999\).*Update swf-console") as caught:
        open_database(url_of(path))
    assert caught.value.exit_code == 2
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(DatabaseUnusable, match="newer"):
        migrate.upgrade(url_of(path))


def test_open_without_upgrade_refused(path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match=r"does not exist.*db upgrade"):
        open_database(url_of(path), upgrade=False)
    assert not path.exists()
    migrate.upgrade(url_of(path))
    open_database(url_of(path), upgrade=False).close()


def test_check_lists_missing_and_upgrade_restores(path: Path) -> None:
    database = open_database(url_of(path))
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE swf_workers")
        connection.exec_driver_sql("DROP INDEX swf_messages_newest")
        connection.exec_driver_sql("ALTER TABLE swf_workflow_executions DROP COLUMN stack_trace")
    database.close()
    lacks = [
        "table swf_workers",
        "column swf_workflow_executions.stack_trace",
        "index swf_messages_newest on swf_workflow_messages (sent_at)",
    ]
    assert migrate.check(url_of(path)) == lacks
    assert migrate.upgrade(url_of(path)).added == tuple(lacks)
    assert migrate.check(url_of(path)) == []


def test_open_file_not_a_database_named(path: Path) -> None:
    path.write_bytes(b"stf" * 4000)
    with pytest.raises(DatabaseUnusable, match="not a SQLite database") as caught:
        open_database(url_of(path))
    assert str(caught.value).startswith(f"{path}: ")


def test_open_directory_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="is a directory"):
        open_database(url_of(tmp_path))


def test_open_missing_directory_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="cannot be created: No such file") as caught:
        open_database(url_of(tmp_path / "absent" / "swf.db"))
    assert str(tmp_path / "absent") in caught.value.advice


def test_open_read_only_file_refused_immediately(as_nobody: Path) -> None:
    path = as_nobody / "swf.db"
    open_database(url_of(path)).close()
    path.chmod(0o400)
    with pytest.raises(DatabaseUnusable, match="read-only") as caught:
        open_database(url_of(path))
    assert str(path) in str(caught.value)


def test_open_read_only_directory_refused_immediately(as_nobody: Path) -> None:
    path = as_nobody / "swf.db"
    open_database(url_of(path)).close()
    as_nobody.chmod(0o500)
    with pytest.raises(DatabaseUnusable, match="read-only"):
        open_database(url_of(path))
    with pytest.raises(DatabaseUnusable, match="cannot be created: Permission denied"):
        open_database(url_of(as_nobody / "other.db"))


def test_write_full_disk_reported_rows_kept(path: Path) -> None:
    database = open_database(url_of(path))

    def fill() -> None:
        with database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            namespaces.ensure(connection, "torre1", "wenauseic")
            runs.ensure(connection, 100_010, datetime.now(UTC), {"beam": "x" * 1_000_000})

    with pytest.raises(DatabaseUnusable, match=r"is full.*Free space") as caught:
        fill()
    assert caught.value.exit_code == 3
    with database.read() as connection:
        assert namespaces.get(connection, "torre1") is None
    database.close()


def test_read_blocks_no_writer_and_sees_one_state(path: Path) -> None:
    database = open_database(url_of(path))
    count = text("SELECT count(*) FROM swf_namespace")
    with database.read() as reader:
        assert reader.execute(count).scalar() == 0
        with database.write() as writer:
            namespaces.ensure(writer, "torre1", "wenauseic")
        assert reader.execute(count).scalar() == 0
    with database.read() as reader:
        assert reader.execute(count).scalar() == 1
    database.close()


def test_write_exception_rolls_back(path: Path) -> None:
    database = open_database(url_of(path))

    def draw_and_be_interrupted() -> None:
        with database.write() as connection:
            assert sequences.next_run_number(connection) == 100_010
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_and_be_interrupted()
    with database.write() as connection:
        assert sequences.next_run_number(connection) == 100_010
    database.close()


def test_write_waits_for_another_writer(path: Path) -> None:
    database = open_database(url_of(path))
    holding, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with database.write() as connection:
            sequences.next_run_number(connection)
            holding.set()
            go_on.wait(10)

    def draw() -> int:
        holding.wait(10)
        threading.Timer(0.2, go_on.set).start()
        with database.write() as connection:
            return sequences.next_run_number(connection)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(hold)
        assert pool.submit(draw).result(20) == 100_011
    database.close()


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("postgres://u:p@h/d", "postgresql"),
        ("postgresql://u:p@h/d", "postgresql"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql"),
        ("sqlite:////x/y.db", "sqlite"),
        ("sqlite+pysqlite:////x/y.db", "sqlite"),
        ("sqlite://", "sqlite"),
    ],
)
def test_address_spellings(given: str, kind: str) -> None:
    database = Database(urls.parse(given))
    assert database.kind == kind
    if kind == "postgresql":
        assert urls.parse(given).drivername == "postgresql+psycopg2"


@pytest.mark.parametrize(
    "given", ["", "swf.db", "sqlite://swf.db", "mysql://u:hunter2@h/d", "postgresql://u:hunter2@h:port/d"]
)
def test_address_unsupported_refused(given: str) -> None:
    with pytest.raises(DatabaseUnusable) as caught:
        open_database(given)
    assert "SWF_DATABASE_URL" in caught.value.advice
    assert "hunter2" not in str(caught.value)


def test_open_unreachable_server_named_without_credentials() -> None:
    url = "postgresql://swf:hunter2@127.0.0.1:1/swf?sslpassword=hunter3"
    with pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1:1/swf: .*refused") as caught:
        open_database(url)
    assert caught.value.exit_code == 3
    assert "hunter" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("durable", "level"), [(False, 1), (True, 2)])
def test_open_durable_syncs_each_commit(tmp_path: Path, durable: bool, level: int) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'swf.db'}", durable=durable)
    with database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == level
    database.close()


OLD_SLICES = """
CREATE TABLE swf_fastmon_files (tf_file_id char(32) PRIMARY KEY, stf_file_id char(32) NOT NULL,
    tf_filename varchar(255) NOT NULL UNIQUE);
CREATE TABLE swf_tf_slices (id integer PRIMARY KEY, slice_id integer NOT NULL, run_number integer NOT NULL);
INSERT INTO swf_tf_slices VALUES (1, 7, 100010);
"""


def schema_of(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as stored:
        return [
            row[0] for row in stored.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY 1")
        ]


def test_upgrade_older_monitor_is_refused_and_nothing_written(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old, old:
        old.executescript(OLD_SLICES)
    before = schema_of(path)
    for use in (open_database, migrate.upgrade, migrate.check):
        with pytest.raises(DatabaseUnusable, match=r"older.*swf_tf_slices\.fastmon_file_id") as caught:
            use(url_of(path))
        assert "Run the monitor's migrations first" in str(caught.value)
        assert caught.value.exit_code == 2
    assert schema_of(path) == before


def test_check_column_without_its_condition_is_recognised(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old, old:
        old.executescript(OLD_SLICES)
        old.execute("ALTER TABLE swf_tf_slices ADD COLUMN fastmon_file_id char(32)")
    with pytest.raises(DatabaseUnusable, match=r"swf_tf_slices\.fastmon_file_id"):
        migrate.check(url_of(path))
