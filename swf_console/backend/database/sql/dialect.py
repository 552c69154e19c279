"""Differences between the two SQL dialects, capped counts, and statuses that only move forward."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
)

T = TypeVar("T")

HIGHEST = "\U0010ffff"  # sorts after every text with the same prefix
MOST_AT_ONCE = 500

Conditions = list[ColumnElement[bool]]


def insert_into(connection: Connection, table: Table) -> Any:
    """An INSERT that supports ON CONFLICT, which both databases have."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def capped(connection: Connection, query: Select[Any], cap: int) -> int:
    """Count the rows of `query`, reading at most `cap` of them."""
    some = query.with_only_columns(literal_column("1"), maintain_column_froms=True).limit(cap).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def starts_with(connection: Connection, column: Column[Any], prefix: str) -> ColumnElement[bool]:
    """Condition: `column` starts with `prefix`, in a form that uses an index on it."""
    if connection.dialect.name == "postgresql":
        return column.startswith(prefix, autoescape=True)
    return and_(column >= prefix, column < prefix + HIGHEST)


def starts_with_often(connection: Connection, column: Column[Any], prefix: str) -> ColumnElement[bool]:
    """The same condition if many rows match: SQLite then uses the index of the list's order instead."""
    if connection.dialect.name == "postgresql":
        return column.startswith(prefix, autoescape=True)
    return func.substr(column, 1, len(prefix)) == prefix


def residual(column: Column[Any]) -> ColumnElement[Any]:
    """A column in a form that no index serves, so that the planner uses the index of the other conditions."""
    return column.concat("")


def matching(
    equal: Sequence[tuple[ColumnElement[Any], str | int | None]],
    time: Column[Any],
    since: datetime | None,
    until: datetime | None,
) -> Conditions:
    """Conditions: each column equals its value, and `time` is in [since, until); None is no condition."""
    conditions: Conditions = [column == value for column, value in equal if value is not None]
    if since is not None:
        conditions.append(time >= since)
    if until is not None:
        conditions.append(time < until)
    return conditions


def portions(values: Sequence[T], most: int = MOST_AT_ONCE) -> Iterator[Sequence[T]]:
    """Split keys into chunks for one statement each: SQLite limits the number of parameters."""
    for first in range(0, len(values), most):
        yield values[first : first + most]


def given(column: Column[Any], name: str | None = None) -> Any:
    """A bound parameter of the type of `column`, under its name or another."""
    return bindparam(name or column.name, type_=column.type)


def insert_unless_there(
    connection: Connection, table: Table, key: Sequence[str], values: dict[str, Any]
) -> Any:
    """An INSERT of `values` that does nothing if a row with the same natural key exists."""
    return insert_into(connection, table).values(values).on_conflict_do_nothing(index_elements=list(key))


def rank_of(column: Column[Any], order: Sequence[str]) -> ColumnElement[int]:
    """The number of a status in its order, from 1; 0 for an unknown one."""
    ranks = [(column == literal_column(f"'{name}'"), n) for n, name in enumerate(order, start=1)]
    return case(*((there, literal_column(str(n))) for there, n in ranks), else_=literal_column("0"))


def advance(
    connection: Connection, key: Column[Any], order: tuple[str, ...], wanted: Sequence[tuple[str, str]]
) -> None:
    """Move rows forward in `order`, each (key, status); a row at this status or later stays."""
    rows = [{"name": name, "to_status": status, "rank": number_of(order, status)} for name, status in wanted]
    connection.execute(_advance(key, order), rows)


@cache
def _advance(key: Column[Any], order: tuple[str, ...]) -> Any:
    earlier = rank_of(key.table.c.status, order) < bindparam("rank")
    update = key.table.update().where(key == bindparam("name"), earlier)
    return update.values(status=bindparam("to_status"))


def number_of(order: Sequence[str], status: str) -> int:
    """The number of a status in that order, 0 for an unknown one."""
    return order.index(status) + 1 if status in order else 0
