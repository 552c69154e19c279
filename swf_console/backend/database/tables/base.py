"""Shared by all tables: metadata, columns of time, and the naming convention of Django.

The monitor's Django and this program find each other's indexes and constraints by their names.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, MetaData, Table

from ..sql.types import UtcDateTime, utc_now

LONGEST = 63


def _digest(*parts: str, length: int) -> str:
    whole = hashlib.md5(usedforsecurity=False)
    for part in parts:
        whole.update(part.encode())
    return whole.hexdigest()[:length]


def field_name(table: str, columns: Sequence[str], suffix: str = "") -> str:
    """Django's name of a db_index, foreign key or unique_together, cut to 63 characters."""
    tail = _digest(table, *columns, length=8) + suffix
    joined = "_".join(columns)
    name = f"{table}_{joined}_{tail}"
    if len(name) <= LONGEST:
        return name
    if len(tail) > LONGEST / 3:
        tail = tail[: LONGEST // 3]
    rest = (LONGEST - len(tail)) // 2 - 1
    return f"{table[:rest]}_{joined[:rest]}_{tail}"


def meta_index(table: str, *columns: str) -> str:
    """Django's name of an unnamed index in a model's Meta."""
    return f"{table[:11]}_{columns[0][:7]}_{_digest(table, *columns, 'idx', length=6)}_idx"


def _columns(item: Any) -> list[str]:
    return [column.name for column in item.columns]


def _index(index: Any, table: Table) -> str:
    columns = _columns(index)
    return field_name(table.name, columns) if len(columns) == 1 else meta_index(table.name, *columns)


def _unique(constraint: Any, table: Table) -> str:
    columns = _columns(constraint)
    if len(columns) == 1:
        return f"{table.name}_{columns[0]}_key"
    return field_name(table.name, columns, "_uniq")


def _foreign_key(constraint: Any, table: Table) -> str:
    target = constraint.elements[0].target_fullname.replace(".", "_")
    return field_name(table.name, _columns(constraint), f"_fk_{target}")


def _primary_key(_constraint: Any, table: Table) -> str:
    return f"{table.name}_pkey"


metadata = MetaData(
    naming_convention={
        "django_ix": _index,
        "django_uq": _unique,
        "django_fk": _foreign_key,
        "django_pk": _primary_key,
        "ix": "%(django_ix)s",
        "uq": "%(django_uq)s",
        "fk": "%(django_fk)s",
        "pk": "%(django_pk)s",
    }
)


def timestamp(name: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    """A timestamptz column that the writer sets."""
    return Column(name, UtcDateTime, nullable=nullable, index=index or None)


def created_at() -> Column[Any]:
    """A column with the time of the insert."""
    return Column("created_at", UtcDateTime, nullable=False, default=utc_now)


def updated_at() -> Column[Any]:
    """A column with the time of the last change."""
    return Column("updated_at", UtcDateTime, nullable=False, default=utc_now, onupdate=utc_now)
