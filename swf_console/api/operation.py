"""One operation of the REST interface; routes and OpenAPI are generated from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, TypeVar

from pydantic import MISSING, BaseModel, Field, create_model
from starlette.datastructures import URL

from ..backend.database import Connection
from ..backend.database.records.messages import NewMessage
from ..backend.database.records.pages import Listing, Window
from .schemas import Integer, Natural, Problems, RequestSchema, ResponseRow

T = TypeVar("T")

MAX_ROWS = 10_000


class Paged(RequestSchema):
    limit: Annotated[int, Integer(1, MAX_ROWS)] | MISSING = Field(
        MISSING, description="Rows in a page; the answer is then {count, next, ...}"
    )
    offset: Natural | MISSING = Field(MISSING, description="Rows to skip")


@dataclass(frozen=True, slots=True)
class Request:
    """A request with checked values. `bulk` says that its body was an array; `bodies` are its elements."""

    keys: Mapping[str, Any]
    query: Mapping[str, Any]
    bodies: Sequence[dict[str, Any]]
    bulk: bool
    url: str
    now: datetime
    max_rows: int = MAX_ROWS

    @property
    def body(self) -> dict[str, Any]:
        """The object that was sent, of a request that is not `bulk`."""
        return self.bodies[0]

    @property
    def window(self) -> Window:
        """The requested part of a list."""
        limit = self.query.get("limit")
        rows = min(limit or self.max_rows, self.max_rows)
        return Window(rows, self.query.get("offset") or 0, limit is not None)

    def field(self, name: str, index: int) -> str:
        """The name of a field in a problem: with the index of its object if several were sent."""
        return f"{index}.{name}" if self.bulk else name

    def filters(self) -> dict[str, Any]:
        """The filters of the query, without limit and offset."""
        return {name: value for name, value in self.query.items() if name not in Paged.model_fields}


@dataclass(frozen=True, slots=True)
class Response:
    """The result of a handler. `published` goes to the live stream after the commit."""

    document: Any
    status: int = 200
    published: Sequence[NewMessage] = ()


Handler = Callable[[Connection, Request], Response]
BatchHandler = Callable[[Connection, Sequence[Request]], Sequence[Response | Exception]]


@dataclass(frozen=True)
class Operation:
    """One operation; `handler` runs in a thread, in a transaction (a write transaction if `writes`).

    `batch_handler` handles many requests of one object each and returns a response or an error for each. A
    request may wait `batch_seconds` for others of the operation. `public` operations need no token;
    `restricted` ones are refused where no token is configured.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    writes: bool = False
    batch_handler: BatchHandler | None = None
    batch_seconds: float = 0.0
    body: type[RequestSchema] | None = None
    bulk: bool = False
    query: type[RequestSchema] = RequestSchema
    keys: type[RequestSchema] = RequestSchema
    row: ResponseRow[Any] | type[BaseModel] | None = None
    is_list: bool = False
    creates: bool = False
    public: bool = False
    restricted: bool = False
    status_in_body: bool = False
    max_rows: int = MAX_ROWS

    @property
    def response_model(self) -> type[BaseModel] | None:
        """The model of the response, or of one element of it."""
        return self.row.model if isinstance(self.row, ResponseRow) else self.row

    @cached_property
    def query_schema(self) -> type[RequestSchema]:
        """The schema of its query."""
        if not self.is_list:
            return self.query
        return create_model(f"{self.query.__name__}Paged", __base__=(Paged, self.query))


def list_response(
    request: Request, listing: Listing[T], to_json: Callable[[T], dict[str, Any]], *, bare: bool = False
) -> Response:
    """A bare array; with ?limit= a page with count and the URLs of its neighbours."""
    rows = [to_json(item) for item in listing.items]
    if listing.count is None or bare:
        return Response(rows)
    window = request.window
    later, earlier = window.offset + window.limit, window.offset - window.limit
    return Response(
        {
            "count": listing.count,
            "next": _page_url(request, later) if later < listing.count else None,
            "previous": _page_url(request, max(0, earlier)) if window.offset > 0 else None,
            "results": rows,
        }
    )


def bulk_response(request: Request, rows: Sequence[dict[str, Any]], *, created: bool) -> Response:
    """The rows of a create: a list if a list was sent; 201 if any of them is new."""
    return Response(list(rows) if request.bulk else rows[0], 201 if created else 200)


def existing(row: T | None, field: str, problem: str) -> T:
    """The row; raises Problems where it is None."""
    if row is None:
        raise Problems.of(field, problem)
    return row


def _page_url(request: Request, offset: int) -> str:
    return str(URL(request.url).include_query_params(offset=offset))
