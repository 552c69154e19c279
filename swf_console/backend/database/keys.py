"""Ids made from natural keys: work done twice makes the same row. Statuses that only go forward."""

import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, case, literal_column

from .statements import insert_into

FILE_STATUSES = ("registered", "processing", "processed", "done", "failed")
SPACE = uuid.UUID("6f0d8a3e-5b1f-4c55-9a55-8a2b6c1f7d10")


def made_from(*parts: str) -> str:
    """Make the id that always belongs to these names."""
    return str(uuid.uuid5(SPACE, "\n".join(parts)))


def given(column: Column[Any], name: str | None = None) -> Any:
    """Stand for a value of `column` that comes with each execution, under its own name or another."""
    return bindparam(name or column.name, type_=column.type)


def insert_unless_there(
    connection: Connection, table: Table, key: Sequence[str], values: dict[str, Any]
) -> Any:
    """Build an INSERT of `values` that leaves alone what has the same natural key."""
    return insert_into(connection, table).values(values).on_conflict_do_nothing(index_elements=list(key))


def rank_of(column: Column[Any], order: Sequence[str]) -> ColumnElement[int]:
    """Number the statuses in their order; an unknown one comes before all."""
    ranks = [(column == literal_column(f"'{name}'"), n) for n, name in enumerate(order, start=1)]
    return case(*((there, literal_column(str(n))) for there, n in ranks), else_=literal_column("0"))


def advance(
    connection: Connection, key: Column[Any], order: tuple[str, ...], wanted: Sequence[tuple[str, str]]
) -> None:
    """Bring rows forward in `order`, each (key, status); those that are there or further already stay."""
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
