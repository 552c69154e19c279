"""Namespaces, their owners, and how much is in them."""

from typing import Any

from sqlalchemy import Connection, FromClause, ScalarSelect, Select, Table, func, select

from .columns import utc_now
from .records import Namespace, NamespaceUse
from .statements import insert_into
from .tables.monitor import agents
from .tables.workflows import executions, messages, namespaces

COUNT_CAP = 1_001

_c = namespaces.c


def ensure(connection: Connection, name: str, owner: str) -> tuple[Namespace, bool]:
    """Store a namespace unless it is there; return it, and whether it is new. Its owner never changes."""
    there = get(connection, name)
    if there is not None:
        return there, False
    now = utc_now()
    row = insert_into(connection, namespaces).values(
        name=name, owner=owner, description="", created_at=now, updated_at=now
    )
    created = connection.execute(row.on_conflict_do_nothing(index_elements=["name"])).rowcount == 1
    return Namespace(**connection.execute(_named(name)).one()._mapping), created


def get(connection: Connection, name: str) -> Namespace | None:
    """Read a namespace."""
    row = connection.execute(_named(name)).first()
    return None if row is None else Namespace(**row._mapping)


def describe(connection: Connection, name: str, description: str) -> bool:
    """Change a namespace's description; False where there is none of that name."""
    changed = namespaces.update().where(_c.name == name).values(description=description)
    return connection.execute(changed).rowcount == 1


def listed(connection: Connection, limit: int = 1_000, cap: int = COUNT_CAP) -> list[NamespaceUse]:
    """List namespaces by name with what is in them; each count stops at `cap`."""
    chosen = select(namespaces).order_by(_c.name).limit(limit).subquery()
    counts = [_count(table, chosen, cap).label(f"n_{table.name}") for table in (executions, messages, agents)]
    rows = connection.execute(select(chosen, *counts).order_by(chosen.c.name))
    return [NamespaceUse(Namespace(*row[: len(_c)]), *row[len(_c) :]) for row in rows]


def _named(name: str) -> Select[*tuple[Any, ...]]:
    return select(*_c).where(_c.name == name)


def _count(table: Table, chosen: FromClause, cap: int) -> ScalarSelect[int]:
    inside = select(table.c.namespace).where(table.c.namespace == chosen.c.name).limit(cap)
    return select(func.count()).select_from(inside.correlate(chosen).subquery()).scalar_subquery()
