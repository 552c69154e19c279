"""Tables as rows: listed by offset, counted, made once by their key, changed with their JSON merged."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic

from sqlalchemy import Column, ColumnElement, Connection, FromClause, Row, Select, Table, bindparam, select

from ..records.pages import Listing, T, Window
from .dialect import capped, insert_into

EXACT_UP_TO = 1_000_000
MERGED = ("metadata",)


class Rows(Generic[T]):
    """One table, its rows made into `make`. `filters` name what a list can be narrowed by."""

    def __init__(
        self,
        table: Table,
        key: Column[Any],
        make: Callable[..., T],
        *,
        columns: Mapping[str, ColumnElement[Any]] | None = None,
        within: FromClause | None = None,
        filters: Mapping[str, ColumnElement[Any]],
        order: Sequence[ColumnElement[Any]],
    ) -> None:
        self.table, self.key, self._make = table, key, make
        named = columns or dict(table.c.items())
        # a row is made by keywords: Python finds those of the very same string at once, a column's name is
        # an object of its own
        self._columns = [column.label(sys.intern(str(name))) for name, column in named.items()]
        self._within = table if within is None else within
        self._filters, self._order = filters, order
        # built once: what every report would build anew costs more than the statement itself
        this = key == bindparam("wanted", type_=key.type)
        self._of_key = self.select(this)
        self._update = table.update().where(this)
        self._held = select(key, *(table.c[name] for name in MERGED if name in table.c)).where(this)
        self._held = self._held.with_for_update()

    def get(self, connection: Connection, key: Any) -> T | None:
        """Read one row by its key."""
        row = connection.execute(self._of_key, {"wanted": key}).first()
        return None if row is None else self._make(**row._mapping)

    def named(self, connection: Connection, column: str, value: Any) -> T | None:
        """Read the row whose unique `column` has this value."""
        return self.first(connection, self.table.c[column] == value)

    def first(self, connection: Connection, *conditions: ColumnElement[bool]) -> T | None:
        """Read the row that satisfies the conditions, None where there is none."""
        row = connection.execute(self.select(*conditions).limit(1)).first()
        return None if row is None else self._make(**row._mapping)

    def listed(
        self,
        connection: Connection,
        equal: Mapping[str, Any],
        window: Window,
        *more: ColumnElement[bool],
    ) -> Listing[T]:
        """List the rows that equal what is given, in the table's order."""
        given = [self._filters[name] == value for name, value in equal.items() if value is not None]
        query = self.select(*given, *more)
        count = capped(connection, query, EXACT_UP_TO) if window.counted else None
        rows = connection.execute(query.order_by(*self._order).limit(window.limit).offset(window.offset))
        return Listing(tuple(self._make(**row._mapping) for row in rows), count)

    def ensure(
        self, connection: Connection, row: Mapping[str, Any], natural: str | None = None
    ) -> tuple[T, bool]:
        """Store `row` unless its natural key is there; return what is stored, and whether it is new."""
        column = self.key if natural is None else self.table.c[natural]
        statement = insert_into(connection, self.table).values(dict(row))
        added = connection.execute(statement.on_conflict_do_nothing(index_elements=[column.name]))
        stored = self.first(connection, column == row[column.name])
        if stored is None:
            raise LookupError(f"{self.table.name} lost a row that was just stored")
        return stored, added.rowcount == 1

    def change(self, connection: Connection, key: Any, values: Mapping[str, Any]) -> T | None:
        """Change one row; its metadata are merged into those stored, key by key. None where there is none.

        The row is held until the transaction ends, so that two who merge at once lose nothing.
        """
        held = connection.execute(self._held, {"wanted": key}).first()
        return None if held is None else self.change_held(connection, key, values, held)

    def change_held(
        self, connection: Connection, key: Any, values: Mapping[str, Any], held: Row[*tuple[Any, ...]]
    ) -> T | None:
        """Change one row as `change` does; `held` is what is stored of it, held by this transaction."""
        if values:
            connection.execute(self._update, {**merge_json(held, values), "wanted": key})
        return self.get(connection, key)

    def select(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """The rows that satisfy the conditions, as a statement."""
        return select(*self._columns).select_from(self._within).where(*conditions)


def merge_json(stored: Row[*tuple[Any, ...]], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with their JSON objects merged into those stored."""
    objects = {name: values[name] for name in MERGED if isinstance(values.get(name), dict)}
    return {**values, **{name: _merged(stored._mapping[name], value) for name, value in objects.items()}}


def _merged(stored: Any, value: dict[str, Any]) -> dict[str, Any]:
    return {**stored, **value} if isinstance(stored, dict) else value
