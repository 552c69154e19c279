"""The doctor on a PostgreSQL on which the next run would fail."""

import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine

from swf_console.backend.core.settings import load_settings
from swf_console.backend.database import open_database
from swf_console.backend.database.connection import migrate, urls
from swf_console.backend.services.health.doctor.backends import check_database, check_database_encoding
from swf_console.backend.services.health.doctor.checks import CheckResult
from swf_console.backend.services.home import write_home


@pytest.mark.postgresql
def test_doctor_database_that_is_not_utf8_found(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_home(tmp_path / "home")
    name = f"latin_{uuid.uuid4().hex[:12]}"
    server = create_engine(urls.parse(postgresql_url), isolation_level="AUTOCOMMIT")
    options = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    url = postgresql_url.replace(urlsplit(postgresql_url).path, f"/{name}")
    monkeypatch.setenv("SWF_DATABASE_URL", url)
    settings = load_settings(home=tmp_path / "home")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} {options}")
        try:
            migrate.upgrade(url)
            check = check_database_encoding(settings)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()
    assert (check.verdict, check.exit_code) == (CheckResult.FAIL, 2)
    assert "is LATIN1" in check.found
    assert check.advice == "Create the database with ENCODING 'UTF8'"


@pytest.mark.postgresql
def test_doctor_dropped_table_of_postgresql_found(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_home(tmp_path / "home")
    monkeypatch.setenv("SWF_DATABASE_URL", postgresql_url)
    settings = load_settings(home=tmp_path / "home")
    migrate.upgrade(postgresql_url)
    assert check_database_encoding(settings).verdict is CheckResult.OK
    assert check_database(settings).verdict is CheckResult.OK
    database = open_database(postgresql_url)
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE swf_workers")
    database.close()
    check = check_database(settings)
    assert check.verdict is CheckResult.FAIL
    assert "lacks table swf_workers" in check.found
