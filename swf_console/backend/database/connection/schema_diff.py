"""Differences between a database and the tables, and the additive statements that remove them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Inspector,
    MetaData,
    Table,
    UniqueConstraint,
    inspect,
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A table, a column of a table, or an index of a table that the database lacks."""

    table: Table
    item: Column[Any] | Index | None = None

    def __str__(self) -> str:
        if self.item is None:
            return f"table {self.table.name}"
        if isinstance(self.item, Index):
            columns = ", ".join(column.name for column in self.item.columns)
            return f"index {self.item.name} on {self.table.name} ({columns})"
        return f"column {self.table.name}.{self.item.name}"


def missing(connection: Connection, tables: MetaData) -> list[Missing]:
    """List what the database lacks of these tables, in the order in which it can be added."""
    inspector = inspect(connection)
    names = set(inspector.get_table_names())
    lacks: list[Missing] = []
    for table in tables.sorted_tables:
        if table.name not in names:
            lacks.append(Missing(table))
        else:
            lacks.extend(_missing_in(table, inspector, connection))
    return lacks


def older_columns(connection: Connection, tables: MetaData) -> list[str]:
    """List columns by which rows are found that an existing table lacks, or has without NOT NULL.

    They are foreign keys and parts of unique keys: only the migrations of the program that made the table can
    fill them, and adding one would leave it empty.
    """
    inspector = inspect(connection)
    names = set(inspector.get_table_names())
    return [
        f"{table.name}.{column.name}"
        for table in tables.sorted_tables
        if table.name in names
        for column in _required_and_not_there(table, inspector)
    ]


def add_missing(connection: Connection, tables: MetaData) -> None:
    """Create missing tables and indexes and add missing columns; nothing that exists is changed.

    An index exists if there is one on the same columns, whatever its name.
    """
    for lack in missing(connection, tables):
        if lack.item is None:
            lack.table.create(connection)
        elif isinstance(lack.item, Index):
            lack.item.create(connection)
        else:
            _add_column(connection, lack.table, lack.item)


def _required_and_not_there(table: Table, inspector: Inspector) -> Iterator[Column[Any]]:
    nullable = {column["name"]: column["nullable"] for column in inspector.get_columns(table.name)}
    unique = {
        column.name
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
        for column in constraint.columns
    }
    for column in table.columns:
        is_key = bool(column.foreign_keys) or column.name in unique
        if is_key and not column.nullable and nullable.get(column.name, True):
            yield column


def _missing_in(table: Table, inspector: Inspector, connection: Connection) -> Iterator[Missing]:
    existing = {column["name"] for column in inspector.get_columns(table.name)}
    for column in table.columns:
        if column.name not in existing:
            yield Missing(table, column)
    indexes = inspector.get_indexes(table.name)
    names = {str(index["name"]) for index in indexes}
    # Django adds a second index for LIKE beside the plain one on the same column
    indexed = [index["column_names"] for index in indexes if not str(index["name"]).endswith("_like")]
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if index.dialect_options["postgresql"]["ops"] and connection.dialect.name != "postgresql":
            continue
        columns = [column.name for column in index.columns]
        special = bool(index.dialect_options["postgresql"]["ops"])
        if index.name not in names and (special or columns not in indexed):
            yield Missing(table, index)


def _add_column(connection: Connection, table: Table, column: Column[Any]) -> None:
    # always nullable: existing rows have no value for it
    dialect = connection.dialect
    quoted = dialect.identifier_preparer
    kind = dialect.type_compiler_instance.process(column.type)
    connection.exec_driver_sql(
        f"ALTER TABLE {quoted.format_table(table)} ADD COLUMN {quoted.format_column(column)} {kind}"
    )
