"""The tables have the monitor's names, types and indexes; columns of our own come last and are nullable."""

import pytest
from sqlalchemy import CheckConstraint, UniqueConstraint

from swf_console.backend.database.tables.all_tables import all_tables
from tests.support.monitor_tables import TABLES

TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "CHAR(32)": "uuid",
    "DATETIME": "timestamptz",
    "FLOAT": "double precision",
    "INTEGER": "integer",
    "JSON": "jsonb",
    "TEXT": "text",
    "VARCHAR(39)": "inet",
}

metadata = all_tables()


def test_tables_include_those_of_the_monitor() -> None:
    assert set(TABLES) <= set(metadata.tables)


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_those_of_the_monitor(name: str) -> None:
    ours = []
    for column in metadata.tables[name].columns:
        kind = str(column.type.compile())
        spelled = TYPES.get(kind, kind.lower())
        ours.append(f"{column.name} {spelled}{'?' if column.nullable else ''}")
    expected = [line.strip() for line in TABLES[name].columns.strip().splitlines()]
    assert ours[: len(expected)] == expected
    # the monitor, which does not know them, goes on inserting rows
    assert [column for column in ours[len(expected) :] if not column.endswith("?")] == []


@pytest.mark.parametrize("name", TABLES)
def test_keys_are_those_of_the_monitor(name: str) -> None:
    table, expected = metadata.tables[name], TABLES[name]
    assert [column.name for column in table.primary_key] == [expected.key]
    uniques = [item for item in table.constraints if isinstance(item, UniqueConstraint)]
    assert sorted(" ".join(column.name for column in item.columns) for item in uniques) == sorted(
        expected.uniques
    )
    foreign = {key.parent.name: key.target_fullname for key in table.foreign_keys}
    assert foreign == expected.foreign_keys
    assert not any(isinstance(item, CheckConstraint) for item in table.constraints)


@pytest.mark.parametrize("name", TABLES)
def test_indexes_of_the_monitor_exist_by_name(name: str) -> None:
    ours = {str(index.name): " ".join(index.columns.keys()) for index in metadata.tables[name].indexes}
    assert {key: ours.get(key) for key in TABLES[name].indexes} == TABLES[name].indexes


def test_foreign_keys_are_indexed() -> None:
    for table in metadata.tables.values():
        first = {index.columns.keys()[0] for index in table.indexes}
        assert {key.parent.name for key in table.foreign_keys} <= first
