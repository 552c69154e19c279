"""One gateway per table: rows listed by offset, counted, created once by key, changed with JSON merged."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic

from sqlalchemy import Column, ColumnElement, Connection, FromClause, Row, Select, Table, bindparam, select

from ..records.pages import Listing, T, Window
from .dialect import capped, insert_into

EXACT_UP_TO = 1_000_000
MERGED = ("metadata",)


class TableGateway(Generic[T]):
    """Reads and writes one table; its rows become `make`. `filters` are the columns to filter by."""

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
        # rows become keyword arguments, and CPython matches interned strings by identity: measurably faster
        self._columns = [column.label(sys.intern(str(name))) for name, column in named.items()]
        self._within = table if within is None else within
        self._filters, self._order = filters, order
        # built once: building a statement costs more than executing it, and every report needs these
        this = key == bindparam("wanted", type_=key.type)
        self._of_key = self.select(this)
        self._update = table.update().where(this)
        locked = select(key, *(table.c[name] for name in MERGED if name in table.c)).where(this)
        self._locked = locked.with_for_update()

    def get(self, connection: Connection, key: Any) -> T | None:
        """Read one row by its key."""
        row = connection.execute(self._of_key, {"wanted": key}).first()
        return None if row is None else self._make(**row._mapping)

    def named(self, connection: Connection, column: str, value: Any) -> T | None:
        """Read the row whose unique `column` has this value."""
        return self.first(connection, self.table.c[column] == value)

    def first(self, connection: Connection, *conditions: ColumnElement[bool]) -> T | None:
        """Read a row that satisfies the conditions; None if none does."""
        row = connection.execute(self.select(*conditions).limit(1)).first()
        return None if row is None else self._make(**row._mapping)

    def listed(
        self,
        connection: Connection,
        equal: Mapping[str, Any],
        window: Window,
        *more: ColumnElement[bool],
    ) -> Listing[T]:
        """List the rows whose columns equal the given values, in the order of the table."""
        given = [self._filters[name] == value for name, value in equal.items() if value is not None]
        query = self.select(*given, *more)
        count = capped(connection, query, EXACT_UP_TO) if window.counted else None
        rows = connection.execute(query.order_by(*self._order).limit(window.limit).offset(window.offset))
        return Listing(tuple(self._make(**row._mapping) for row in rows), count)

    def ensure(
        self, connection: Connection, row: Mapping[str, Any], natural: str | None = None
    ) -> tuple[T, bool]:
        """Store `row` unless its natural key exists; return the stored row, and whether it is new."""
        column = self.key if natural is None else self.table.c[natural]
        statement = insert_into(connection, self.table).values(dict(row))
        added = connection.execute(statement.on_conflict_do_nothing(index_elements=[column.name]))
        stored = self.first(connection, column == row[column.name])
        if stored is None:
            raise LookupError(f"{self.table.name}: the row that was just stored is missing")
        return stored, added.rowcount == 1

    def change(self, connection: Connection, key: Any, values: Mapping[str, Any]) -> T | None:
        """Change one row; its metadata are merged into the stored ones, key by key. None if unknown.

        The row is locked until the transaction ends, so that concurrent merges lose nothing.
        """
        locked = connection.execute(self._locked, {"wanted": key}).first()
        return None if locked is None else self.change_locked(connection, key, values, locked)

    def change_locked(
        self, connection: Connection, key: Any, values: Mapping[str, Any], locked: Row[*tuple[Any, ...]]
    ) -> T | None:
        """Change one row as `change` does; `locked` is the stored row, locked by this transaction."""
        if values:
            connection.execute(self._update, {**merge_json(locked, values), "wanted": key})
        return self.get(connection, key)

    def select(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """The SELECT of the rows that satisfy the conditions."""
        return select(*self._columns).select_from(self._within).where(*conditions)


def merge_json(stored: Row[*tuple[Any, ...]], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with their JSON objects merged into the stored ones."""
    objects = {name: values[name] for name in MERGED if isinstance(values.get(name), dict)}
    return {**values, **{name: _merged(stored._mapping[name], value) for name, value in objects.items()}}


def _merged(stored: Any, value: dict[str, Any]) -> dict[str, Any]:
    return {**stored, **value} if isinstance(stored, dict) else value
