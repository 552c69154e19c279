"""Parts of a list: pages by cursor, and windows by offset for REST."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

COUNT_CAP = 10_001  # a count stops here and shows "10,000+": counting a million rows takes seconds


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows, and the cursor of the next page; None on the last."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The requested part of a list."""

    limit: int
    offset: int = 0
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Rows of a list; `count` is the number of all matches up to a million, if it was requested."""

    items: tuple[T, ...]
    count: int | None = None
