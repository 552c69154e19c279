"""What the two databases spell differently, and counts that never look at a whole table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, and_, func, literal_column, select

HIGHEST = "\U0010ffff"

Conditions = list[ColumnElement[bool]]


def insert_into(connection: Connection, table: Table) -> Any:
    """Begin an INSERT that can say ON CONFLICT; both databases share that part."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def capped(connection: Connection, query: Select[Any], cap: int) -> int:
    """Count the rows of `query`, looking at no more than `cap` of them."""
    some = query.with_only_columns(literal_column("1"), maintain_column_froms=True).limit(cap).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def starts_with(connection: Connection, column: Column[Any], prefix: str) -> ColumnElement[bool]:
    """Say that `column` begins with `prefix`, so that an index on it serves."""
    if connection.dialect.name == "postgresql":
        return column.startswith(prefix, autoescape=True)
    return and_(column >= prefix, column < prefix + HIGHEST)


def starts_with_often(connection: Connection, column: Column[Any], prefix: str) -> ColumnElement[bool]:
    """Say the same where many rows do, so that SQLite serves the order of the list instead."""
    if connection.dialect.name == "postgresql":
        return column.startswith(prefix, autoescape=True)
    return func.substr(column, 1, len(prefix)) == prefix


def residual(column: Column[Any]) -> ColumnElement[Any]:
    """Name a column so that no index on it is chosen: a better one is known to serve the other conditions."""
    return column.concat("")


def matching(
    equal: Sequence[tuple[ColumnElement[Any], str | int | None]],
    time: Column[Any],
    since: datetime | None,
    until: datetime | None,
) -> Conditions:
    """Say that columns equal what is given and `time` lies in [since, until); None is not given."""
    conditions: Conditions = [column == value for column, value in equal if value is not None]
    if since is not None:
        conditions.append(time >= since)
    if until is not None:
        conditions.append(time < until)
    return conditions
