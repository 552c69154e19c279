"""Ids made from natural keys: work done twice makes the same row. Statuses that only go forward."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, case, select

from .statements import insert_into

SPACE = uuid.UUID("6f0d8a3e-5b1f-4c55-9a55-8a2b6c1f7d10")


def made_from(*parts: str) -> str:
    """Make the id that always belongs to these names."""
    return str(uuid.uuid5(SPACE, "\n".join(parts)))


def ensure(connection: Connection, table: Table, key: Column[Any], identity: Column[Any], row: Any) -> str:
    """Store `row` unless its natural key is there already; return the id of what is stored."""
    statement = insert_into(connection, table).values(row)
    unless_there = statement.on_conflict_do_nothing(index_elements=[key.name]).returning(identity)
    made = connection.execute(unless_there).scalar()
    if made is None:
        made = connection.execute(select(identity).where(key == row[key.name])).scalar_one()
    return str(made)


def before(column: Column[Any], order: Sequence[str], status: str) -> ColumnElement[bool]:
    """Say that `column` holds a status that comes before `status`; an unknown one comes before all."""
    ranks = {name: rank for rank, name in enumerate(order, start=1)}
    return case(ranks, value=column, else_=0) < ranks[status]
