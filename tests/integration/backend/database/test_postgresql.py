"""PostgreSQL: brought up additively, checked, lost and found again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import text

from swf_console.backend.core.errors import DatabaseReplaced, DatabaseUnreachable, DatabaseUnusable
from swf_console.backend.database import Database, namespaces, open_database, sequences
from swf_console.backend.database.connection import migrate, urls
from swf_console.backend.database.connection.revision import HEAD
from tests.support.postgresql import PostgreSQL, PostgreSQLServer
from tests.support.proxy import Proxy
from tests.support.schema import Shape, shape

pytestmark = pytest.mark.postgresql

MONITOR = (Path(__file__).parents[3] / "support" / "monitor_postgresql.sql").read_text()
DEFINITION = text(
    "INSERT INTO swf_workflow_definitions (workflow_name, version, workflow_type, definition,"
    " parameter_values, created_by, created_at, updated_at) VALUES"
    " ('old', '1', 'custom', 'code', '{}', 'monitor', now(), now())"
)
EXECUTION = text(
    "INSERT INTO swf_workflow_executions (execution_id, workflow_definition_id, parameter_values, status,"
    " start_time, executed_by) VALUES ('old-monitor-0001', 1, '{\"a\": 1}', 'running', now(), 'monitor')"
)


def make_monitor_database(url: str) -> None:
    """Make the tables as the monitor's own migrations do, and a row in two of them."""
    database = Database(urls.parse(url))
    with database.write() as connection:
        connection.exec_driver_sql(MONITOR)
        connection.execute(DEFINITION)
        connection.execute(EXECUTION)
    database.close()


def shape_of(url: str) -> Shape:
    database = Database(urls.parse(url))
    with database.read() as connection:
        described = shape(connection)
    database.close()
    return described


def test_postgresql_tables_extend_those_of_the_monitor(postgresql: PostgreSQLServer) -> None:
    with postgresql.fresh_database() as monitor, postgresql.fresh_database() as ours:
        make_monitor_database(monitor)
        migrate.upgrade(ours)
        expected, found = shape_of(monitor), shape_of(ours)
    for name, table in expected.items():
        for part, items in table.items():
            if not isinstance(items, dict):
                assert found[name][part] == items, name
                continue
            there = found[name][part]
            assert isinstance(there, dict)
            plain = {key: value for key, value in items.items() if not key.endswith("_like")}
            assert {key: there.get(key) for key in plain} == plain, (name, part)


def test_upgrade_monitor_database_keeps_rows(postgresql_url: str) -> None:
    make_monitor_database(postgresql_url)
    before = shape_of(postgresql_url)
    with pytest.raises(DatabaseUnusable, match=r"has no tables of swf-console yet|version.*db upgrade"):
        open_database(postgresql_url)
    lacks = migrate.check(postgresql_url)
    assert f"version {HEAD} (has none)" in lacks
    assert "column swf_workflow_executions.lease_expires_at" in lacks
    assert migrate.upgrade(postgresql_url) == migrate.Upgraded(None, HEAD)
    assert migrate.check(postgresql_url) == []
    after = shape_of(postgresql_url)
    for name, table in before.items():
        for part, items in table.items():
            if isinstance(items, dict):
                there = after[name][part]
                assert isinstance(there, dict)
                assert {key: there.get(key) for key in items} == items
    database = open_database(postgresql_url)
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM swf_workflow_executions")).mappings().one()
    database.close()
    assert (row["execution_id"], row["parameter_values"], row["owner"]) == (
        "old-monitor-0001",
        {"a": 1},
        None,
    )


def test_open_empty_database_not_changed_until_upgrade(postgresql_url: str) -> None:
    with pytest.raises(DatabaseUnusable, match=r"has no tables of swf-console yet.*swf-console db upgrade"):
        open_database(postgresql_url)
    assert migrate.current(postgresql_url) is None
    assert "table swf_runs" in migrate.check(postgresql_url)
    assert migrate.upgrade(postgresql_url) == migrate.Upgraded(None, HEAD)
    assert migrate.upgrade(postgresql_url) == migrate.Upgraded(HEAD, HEAD)
    assert migrate.current(postgresql_url) == HEAD
    open_database(postgresql_url).close()


def test_upgrade_restores_missing(postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    database = open_database(postgresql_url)
    with database.write() as connection:
        connection.execute(text("ALTER TABLE swf_runs DROP COLUMN run_conditions"))
    database.close()
    assert migrate.check(postgresql_url) == ["column swf_runs.run_conditions"]
    assert migrate.upgrade(postgresql_url).added == ("column swf_runs.run_conditions",)
    assert migrate.check(postgresql_url) == []


def test_upgrade_two_at_a_time_serialized(postgresql_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(migrate.upgrade, [postgresql_url] * 2))
    assert sorted(str(one.before) for one in done) == [HEAD, "None"]
    assert migrate.check(postgresql_url) == []


def test_open_newer_database_refused(postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    database = open_database(postgresql_url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        # an upgrade stores here which older programs may use the tables
        connection.execute(text("DELETE FROM swf_persistent_state"))
    database.close()
    for act in (open_database, migrate.upgrade, migrate.check):
        with pytest.raises(DatabaseUnusable, match="newer version"):
            act(postgresql_url)


@pytest.mark.parametrize("spelling", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_open_every_spelling(postgresql_url: str, spelling: str) -> None:
    migrate.upgrade(postgresql_url)
    address = postgresql_url.replace("postgresql", spelling, 1)
    database = open_database(address)
    with database.write() as connection:
        assert sequences.next_run_number(connection) == 100_010
    database.close()


def test_open_wrong_password_or_database_reported_without_password(postgresql_url: str) -> None:
    parts = urlsplit(postgresql_url)
    wrong = parts._replace(netloc=f"{parts.username}:hunter2@{parts.hostname}:{parts.port}").geturl()
    with pytest.raises(DatabaseUnreachable, match="authentication failed") as caught:
        open_database(wrong)
    assert "hunter2" not in str(caught.value)
    assert "user and password" in caught.value.advice
    with pytest.raises(DatabaseUnreachable, match=r"does not exist.*Create it") as caught:
        open_database(parts._replace(path="/absent").geturl())
    assert str(parts.password) not in str(caught.value)


def test_open_noise_is_not_a_server(postgresql_url: str) -> None:
    parts = urlsplit(postgresql_url)
    with Proxy(parts.hostname or "", parts.port or 0) as proxy:
        proxy.garble()
        place = f"{parts.username}:{parts.password}@{proxy.host}:{proxy.port}"
        for _ in range(5):
            with pytest.raises(DatabaseUnreachable):
                open_database(parts._replace(netloc=place).geturl())


def test_open_not_postgresql_reported_any_time(postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    parts = urlsplit(postgresql_url)
    with Proxy(parts.hostname or "", parts.port or 5432) as proxy:
        place = f"{parts.netloc.rpartition('@')[0]}@{proxy.host}:{proxy.port}"
        database = open_database(urlunsplit(parts._replace(netloc=place)))
        with database.read() as connection:
            assert namespaces.get(connection, "demo") is None
        proxy.garble()
        for _ in range(3):
            with pytest.raises(DatabaseUnreachable), database.read() as connection:
                namespaces.get(connection, "demo")
        proxy.heal()
        with database.read() as connection:
            assert namespaces.get(connection, "demo") is None
        database.close()


def test_read_blocks_no_writer(postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    database = open_database(postgresql_url)
    with database.read() as reader:
        reader.execute(text("SELECT * FROM swf_persistent_state")).all()
        with database.write() as writer:
            sequences.next_run_number(writer)
    database.close()


def test_write_read_only_server_reported(postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    database = open_database(postgresql_url)

    def write() -> None:
        with database.write() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            sequences.next_run_number(connection)

    with pytest.raises(DatabaseUnusable, match="read-only"):
        write()
    database.close()


def test_read_after_server_restart_works(private_postgresql: PostgreSQL) -> None:
    server = private_postgresql
    url = server.url(server.create_database())
    migrate.upgrade(url)
    database = open_database(url)

    def draw() -> int:
        with database.write() as connection:
            return sequences.next_run_number(connection)

    assert draw() == 100_010
    server.stop()
    with pytest.raises(DatabaseUnreachable) as caught:
        draw()
    assert caught.value.exit_code == 3
    server.start()
    assert draw() == 100_011
    server.kill()
    server.start()
    assert draw() == 100_012
    database.close()


def test_message_table_fillfactor(postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    database = open_database(postgresql_url)
    with database.read() as connection:
        options = connection.execute(
            text("SELECT reloptions FROM pg_class WHERE relname = 'swf_workflow_messages'")
        ).scalar_one()
    database.close()
    assert options == ["fillfactor=50"]


def test_write_recreated_database_refused(postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    database = open_database(postgresql_url)
    with database.write() as connection:
        first = sequences.database_id(connection)
    database.close()  # its pooled connection was opened before there was an id
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    database.close()
    other = open_database(postgresql_url)
    with other.write() as connection:
        sequences.store_value(connection, sequences.DATABASE_ID, "another")
    other.close()
    for act in (database.read, database.write):
        with pytest.raises(DatabaseReplaced, match="replaced by another one"), act():
            pass
    with open_database(postgresql_url).write() as connection:
        assert sequences.database_id(connection) != first
