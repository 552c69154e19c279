"""One operation of the interface: what it takes and what it does. Routes and OpenAPI are made of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import MISSING, BaseModel, Field, create_model

from .schemas import Integer, Natural, ResponseRow, Schema

if TYPE_CHECKING:
    from ..backend.database import Connection
    from ..backend.database.records.messages import NewMessage
    from ..backend.database.records.pages import Listing, Window

T = TypeVar("T")

MOST_ROWS = 10_000


class Paged(Schema):
    limit: Annotated[int, Integer(1, MOST_ROWS)] | MISSING = Field(
        MISSING, description="Answer with a page of this many: {count, next, ...}"
    )
    offset: Natural | MISSING = Field(MISSING, description="Skip this many")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was understood. `many` says that its body was an array, `bodies` are its elements."""

    keys: Mapping[str, Any]
    query: Mapping[str, Any]
    bodies: Sequence[dict[str, Any]]
    many: bool
    url: str
    now: datetime
    most: int = MOST_ROWS

    @property
    def body(self) -> dict[str, Any]:
        """The one object that was sent."""
        return self.bodies[0]

    @property
    def window(self) -> "Window":
        """The part of a list that was asked for."""
        from ..backend.database.records.pages import Window

        limit = self.query.get("limit")
        shown = min(limit or self.most, self.most)
        return Window(shown, self.query.get("offset") or 0, limit is not None)

    def field(self, name: str, index: int) -> str:
        """How a problem names a field of one of the objects that were sent."""
        return f"{index}.{name}" if self.many else name

    def filters(self) -> dict[str, Any]:
        """What the query narrows a list by."""
        return {name: value for name, value in self.query.items() if name not in Paged.model_fields}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `published` goes to the live stream once it is committed."""

    document: Any
    status: int = 200
    published: "Sequence[NewMessage]" = ()


@dataclass(frozen=True)
class Operation:
    """One operation; `handler` runs in a thread, within a transaction that writes where `writes` is true.

    `together` carries out many requests of one object each: an answer, or an error, for each. A request may
    wait `patience` seconds for others of its kind.
    """

    method: str
    path: str
    handler: "Callable[[Connection, Asked], Answer]"
    summary: str
    writes: bool = False
    together: "Callable[[Connection, Sequence[Asked]], Sequence[Answer | Exception]] | None" = None
    patience: float = 0.0
    body: type[Schema] | None = None
    bulk: bool = False
    query: type[Schema] = Schema
    keys: type[Schema] = Schema
    row: ResponseRow[Any] | type[BaseModel] | None = None
    is_list: bool = False
    made: bool = False
    open: bool = False
    says_status: bool = False
    most: int = MOST_ROWS

    @property
    def answers(self) -> type[BaseModel] | None:
        """What its answer is, or one element of it."""
        return self.row.model if isinstance(self.row, ResponseRow) else self.row

    @cached_property
    def parameters(self) -> type[Schema]:
        """What its query may hold."""
        if not self.is_list:
            return self.query
        return create_model(f"{self.query.__name__}Paged", __base__=(Paged, self.query))


def listed(
    asked: Asked, listing: "Listing[T]", show: Callable[[T], dict[str, Any]], *, bare: bool = False
) -> Answer:
    """A bare array; with ?limit= a page that says how many there are and where the others are."""
    rows = [show(item) for item in listing.items]
    if listing.count is None or bare:
        return Answer(rows)
    window = asked.window
    later, earlier = window.offset + window.limit, window.offset - window.limit
    return Answer(
        {
            "count": listing.count,
            "next": _page(asked, later) if later < listing.count else None,
            "previous": _page(asked, max(0, earlier)) if window.offset > 0 else None,
            "results": rows,
        }
    )


def one_or_many(asked: Asked, documents: Sequence[dict[str, Any]], *, made: bool) -> Answer:
    """The rows of a create: a list where a list was sent; 201 where any of them is new."""
    return Answer(list(documents) if asked.many else documents[0], 201 if made else 200)


def _page(asked: Asked, offset: int) -> str:
    from starlette.datastructures import URL

    return str(URL(asked.url).include_query_params(offset=offset))
