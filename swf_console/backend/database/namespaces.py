"""Namespaces, their owners, and the number of rows in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, FromClause, ScalarSelect, Select, Table, func, select

from .records.pages import COUNT_CAP, Page
from .records.workflows import Namespace, NamespaceUse
from .sql.dialect import Conditions, insert_into, matching
from .sql.keyset import Order, one_page
from .sql.offset import TableGateway
from .sql.types import utc_now
from .tables.agents import agents
from .tables.workflows import executions, messages, namespaces

_c = namespaces.c

rows: TableGateway[Namespace] = TableGateway(
    namespaces, _c.name, Namespace, filters={"owner": _c.owner}, order=(_c.name,)
)


def ensure(connection: Connection, name: str, owner: str) -> tuple[Namespace, bool]:
    """Store a namespace unless it exists; return it, and whether it is new. The owner never changes."""
    found = get(connection, name)
    if found is not None:
        return found, False
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


def listed(connection: Connection, limit: int = 1_000, cap: int = COUNT_CAP) -> list[NamespaceUse]:
    """List namespaces by name with their counts; each count stops at `cap`."""
    return _with_counts(connection, select(namespaces).order_by(_c.name).limit(limit), cap)


def use_of(
    connection: Connection,
    name: str,
    cap: int = COUNT_CAP,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> NamespaceUse | None:
    """Read a namespace with its counts in [since, until); each count stops at `cap`."""
    wanted = select(namespaces).where(_c.name == name)
    found = _with_counts(connection, wanted, cap, since, until)
    return found[0] if found else None


def page(
    connection: Connection, after: str | None = None, limit: int = 50, cap: int = COUNT_CAP
) -> Page[NamespaceUse]:
    """List namespaces by name, in pages; each count stops at `cap`."""
    order = Order((_c.name,), after, limit, newest_first=False)
    names = one_page(connection, [[]], (_c.name,), order, _plain)
    some = select(namespaces).where(_c.name.in_(names.items))
    return Page(tuple(_with_counts(connection, some, cap)), names.next)


def _with_counts(
    connection: Connection,
    wanted: Select[Any],
    cap: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[NamespaceUse]:
    chosen = wanted.subquery()
    times = ((executions, "start_time"), (messages, "sent_at"), (agents, "last_heartbeat"))
    counts = [
        _count(table, chosen, cap, matching((), table.c[time], since, until)).label(f"n_{table.name}")
        for table, time in times
    ]
    rows = connection.execute(select(chosen, *counts).order_by(chosen.c.name))
    return [NamespaceUse(Namespace(*row[: len(_c)]), *row[len(_c) :]) for row in rows]


def _plain(name: str) -> str:
    return name


def _named(name: str) -> Select[*tuple[Any, ...]]:
    return select(*_c).where(_c.name == name)


def _count(table: Table, chosen: FromClause, cap: int, when: Conditions) -> ScalarSelect[int]:
    inside = select(table.c.namespace).where(table.c.namespace == chosen.c.name, *when).limit(cap)
    return select(func.count()).select_from(inside.correlate(chosen).subquery()).scalar_subquery()
