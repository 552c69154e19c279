"""Key-set pages: a page costs the same wherever it is, because an index leads to its first row."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    bindparam,
    select,
    tuple_,
    union_all,
)

from ...core.errors import UsageError
from ..records.pages import Page, T
from .types import UtcDateTime, utc

LONGEST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Branch:
    """Conditions that an index serves in the order of the list; or `few` rows satisfy them, to be sorted."""

    conditions: Sequence[ColumnElement[bool]]
    few: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list by a key that is unique, and the page wanted of it."""

    key: tuple[Column[Any], ...]
    after: str | None = None
    limit: int = 50
    newest_first: bool = True

    @property
    def rows(self) -> int:
        """How many rows a page holds, within reason."""
        return max(1, min(self.limit, LONGEST_PAGE))


def cursor_of(values: Sequence[Any]) -> str:
    """Make the opaque cursor that stands for a row's key."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def key_of(cursor: str, columns: Sequence[Column[Any]]) -> list[Any]:
    """Read a cursor back; UsageError for a text that is none."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_typed(value, column) for value, column in zip(values, columns, strict=True)]
    except (ValueError, TypeError):
        raise UsageError(f"{cursor[:40]!r} is no page of this list", "Begin again without it") from None


def _typed(value: Any, column: Column[Any]) -> Any:
    if isinstance(column.type, UtcDateTime):
        return utc(datetime.fromisoformat(value))
    if not isinstance(value, int if isinstance(column.type, Integer) else str):
        raise ValueError(value)
    return value


def one_page(
    connection: Connection,
    branches: Sequence[Branch | Sequence[ColumnElement[bool]]],
    columns: Sequence[ColumnElement[Any]],
    order: Order,
    make: Callable[..., T],
    decorate: Callable[[FromClause], Select[Any]] | None = None,
) -> Page[T]:
    """Read a page of the rows that satisfy any one of the `branches`, which exclude each other.

    Plain conditions are a branch that an index serves. `decorate` joins more columns to the page's rows.
    """
    if not branches:
        return Page(())
    whole = [branch if isinstance(branch, Branch) else Branch(branch) for branch in branches]
    wanted = merged(whole, columns, order).subquery("page")
    query = decorate(wanted) if decorate else select(wanted)
    query = query.order_by(*(_directed(wanted.c[column.name], order) for column in order.key))
    rows = connection.execute(query).mappings().all()
    items = tuple(make(**row) for row in rows[: order.rows])
    if len(rows) <= order.rows:
        return Page(items)
    return Page(items, cursor_of([rows[order.rows - 1][column.name] for column in order.key]))


def merged(branches: Sequence[Branch], columns: Sequence[ColumnElement[Any]], order: Order) -> Select[Any]:
    """Select the first rows of each branch, and of those the first in all: one row more than a page."""
    if len(branches) == 1 and not branches[0].few:
        return _first_rows(columns, branches[0], order)
    keys = [select(_first_rows(order.key, branch, order).subquery()) for branch in branches]
    together = union_all(*keys).subquery()
    first = _ordered(select(together), together, order).subquery()
    unique = order.key[-1]
    return select(*columns).select_from(unique.table.join(first, first.c[unique.name] == unique))


def _first_rows(columns: Sequence[ColumnElement[Any]], branch: Branch, order: Order) -> Select[Any]:
    rows: FromClause = order.key[0].table
    query = select(*columns).where(*branch.conditions)
    if branch.few:
        rows = query.cte().prefix_with("MATERIALIZED")
        query = select(rows)
    return _ordered(query.where(*_beyond(rows, order)), rows, order)


def _ordered(query: Select[Any], rows: FromClause, order: Order) -> Select[Any]:
    directed = (_directed(rows.c[column.name], order) for column in order.key)
    return query.order_by(*directed).limit(order.rows + 1)


def _directed(column: ColumnElement[Any], order: Order) -> ColumnElement[Any]:
    return column.desc() if order.newest_first else column.asc()


def _beyond(rows: FromClause, order: Order) -> list[ColumnElement[bool]]:
    if order.after is None:
        return []
    # One row-value comparison, which an index serves; the equivalent OR of ANDs costs a thousand times more.
    values = zip(key_of(order.after, order.key), order.key, strict=True)
    there = tuple_(*(bindparam(None, value, column.type) for value, column in values))
    here = tuple_(*(rows.c[column.name] for column in order.key))
    return [here < there if order.newest_first else here > there]
