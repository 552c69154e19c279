"""Names of indexes and constraints as Django gives them, so that either side recognises the other's."""

import hashlib
from collections.abc import Sequence

LONGEST = 63


def _digest(*parts: str, length: int) -> str:
    whole = hashlib.md5(usedforsecurity=False)
    for part in parts:
        whole.update(part.encode())
    return whole.hexdigest()[:length]


def field_name(table: str, columns: Sequence[str], suffix: str = "") -> str:
    """Name what belongs to a field (db_index, foreign key, unique_together), cut to 63 characters."""
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
    """Name an index of a model's Meta that was given no name."""
    return f"{table[:11]}_{columns[0][:7]}_{_digest(table, *columns, 'idx', length=6)}_idx"
