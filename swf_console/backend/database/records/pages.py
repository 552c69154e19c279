"""Some rows of a list: by cursor, or by offset where a program pages so."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

COUNT_CAP = 10_001  # a count stops here, since a million rows are counted in seconds: "10,000+"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor to give for those that follow; None after the last."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that is wanted."""

    limit: int
    offset: int = 0
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Rows of a list; `count` is of all that match, where that was asked, up to a million."""

    items: tuple[T, ...]
    count: int | None = None
