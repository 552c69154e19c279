"""`/logs/`: log lines of programs, accepted without a token and never readable here."""

from typing import Annotated, Any

from pydantic import MISSING, BaseModel

from ...backend.database import Connection, logs
from ...backend.database.records.agents import LogEntry
from ..operation import Operation, Request, Response
from ..schemas import LARGEST_BIG, Integer, Name, Natural, RequestSchema, ShortText, Text, Timestamp


class LogLine(RequestSchema):
    """A line to store."""

    app_name: Name
    instance_name: Name
    timestamp: Timestamp | MISSING | None = MISSING
    level: Annotated[int, Integer(0, 1000)] = 0
    levelname: Annotated[str, ShortText(50, blank=True)] = ""
    message: Text
    module: Annotated[str, ShortText(255, blank=True)] | MISSING | None = MISSING
    funcname: Annotated[str, ShortText(255, blank=True)] | MISSING | None = MISSING
    lineno: Natural | MISSING | None = MISSING
    process: Natural | MISSING | None = MISSING
    thread: Annotated[int, Integer(-LARGEST_BIG, LARGEST_BIG)] | MISSING | None = MISSING
    extra_data: Any | MISSING = MISSING


class LogStored(BaseModel):
    """That a line is stored."""

    status: str


def create(connection: Connection, request: Request) -> Response:
    """Store a line; the same line sent again is not stored twice."""
    body = {name: value for name, value in request.body.items() if value is not None}
    entry = LogEntry(**{"timestamp": request.now, **body})
    stored = logs.insert_once(connection, entry)
    return Response({"status": "stored"}, 201 if stored else 200)


OPERATIONS = (
    Operation(
        "POST",
        "/api/logs",
        create,
        "Store a line of a log",
        writes=True,
        body=LogLine,
        row=LogStored,
        creates=True,
        public=True,
    ),
)
