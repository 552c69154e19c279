"""`/logs/`: log lines of programs, accepted without a token and readable only with one."""

from typing import Annotated, Any

from pydantic import MISSING, BaseModel, RootModel

from ...backend.database import Connection, logs
from ...backend.database.records.agents import LogEntry
from ..operation import Operation, Request, Response, list_response
from ..schemas import (
    LARGEST_BIG,
    Integer,
    Name,
    Natural,
    RequestSchema,
    ResponseRow,
    ShortText,
    Text,
    Timestamp,
)

BASE = "/api/logs"
MAX_ROWS = 1000
ROW = ResponseRow("LogEntry", LogEntry)
ERROR_FIELDS = ("timestamp", "levelname", "message", "module", "funcname", "lineno")


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


class LogQuery(RequestSchema):
    app_name: Name | MISSING = MISSING
    instance_name: Name | MISSING = MISSING
    levelname: Annotated[str, ShortText(50)] | MISSING = MISSING


class LogSummary(RootModel[dict[str, dict[str, Any]]]):
    """By program and instance: lines by level, and the last errors."""


class LogStored(BaseModel):
    """That a line is stored."""

    status: str


def create(connection: Connection, request: Request) -> Response:
    """Store a line; the same line sent again is not stored twice."""
    body = {name: value for name, value in request.body.items() if value is not None}
    entry = LogEntry(**{"timestamp": request.now, **body})
    stored = logs.insert_once(connection, entry)
    return Response({"status": "stored"}, 201 if stored else 200)


def list_logs(connection: Connection, request: Request) -> Response:
    """List log lines, the newest first."""
    return list_response(request, logs.rows.listed(connection, request.filters(), request.window), ROW)


def summarize(connection: Connection, _request: Request) -> Response:
    """Count the lines of each program by level, with its last errors."""
    summary: dict[str, dict[str, Any]] = {}
    for one in logs.summary(connection):
        errors = [{name: getattr(line, name) for name in ERROR_FIELDS} for line in one.last_errors]
        document = {"error_counts": one.counts, "recent_errors": errors}
        summary.setdefault(one.app_name, {})[one.instance_name] = document
    return Response(summary)


OPERATIONS = (
    Operation(
        "GET",
        BASE,
        list_logs,
        "List log lines",
        query=LogQuery,
        row=ROW,
        is_list=True,
        restricted=True,
        max_rows=MAX_ROWS,
    ),
    Operation(
        "GET", f"{BASE}/summary", summarize, "Count log lines by program", row=LogSummary, restricted=True
    ),
    Operation(
        "POST",
        BASE,
        create,
        "Store a line of a log",
        writes=True,
        body=LogLine,
        row=LogStored,
        creates=True,
        public=True,
    ),
)
