"""Key-set pages: every page costs the same, because an index leads to its first row."""

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
    """Conditions that an index serves in the order of the list; with `few` the few matches are sorted."""

    conditions: Sequence[ColumnElement[bool]]
    few: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list by a unique key, and the requested page."""

    key: tuple[Column[Any], ...]
    after: str | None = None
    limit: int = 50
    newest_first: bool = True

    @property
    def rows(self) -> int:
        """The number of rows of a page, from 1 to LONGEST_PAGE."""
        return max(1, min(self.limit, LONGEST_PAGE))


def cursor_of(values: Sequence[Any]) -> str:
    """The opaque cursor of a row's key."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def key_of(cursor: str, columns: Sequence[Column[Any]]) -> list[Any]:
    """Decode a cursor; UsageError if it is invalid."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_typed(value, column) for value, column in zip(values, columns, strict=True)]
    except (ValueError, TypeError):
        raise UsageError(f"{cursor[:40]!r} is not a cursor of this list", "Start again without it") from None


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
    """Read a page of the rows that satisfy one of the `branches`, which are disjoint.

    Plain conditions are a branch that an index serves. `decorate` joins more columns to the rows of the page.
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
    """Select the first rows of each branch and merge them: one row more than a page, for `next`."""
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
        # MATERIALIZED: else both planners may push the order down and walk an index over all rows
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
    # a row-value comparison is served by an index; the equivalent OR of ANDs costs a thousand times more
    values = zip(key_of(order.after, order.key), order.key, strict=True)
    last = tuple_(*(bindparam(None, value, column.type) for value, column in values))
    row = tuple_(*(rows.c[column.name] for column in order.key))
    return [row < last if order.newest_first else row > last]
