"""`/subscribers/`: the subscribers of destinations."""

from pydantic import MISSING

from ...backend.database import Connection, agents
from ...backend.database.records.agents import Subscriber
from ..operation import Operation, Request, Response, list_response
from ..schemas import FileName, Flag, Number, RequestSchema, ResponseRow, Text

BASE = "/api/subscribers"
ROW = ResponseRow("Subscriber", Subscriber)


class SubscriberCreate(RequestSchema):
    """A subscriber to register."""

    subscriber_name: FileName
    description: Text | MISSING | None = MISSING
    is_active: Flag = True
    fraction: Number | MISSING | None = MISSING


class SubscriberQuery(RequestSchema):
    subscriber_name: FileName | MISSING = MISSING
    is_active: Flag | MISSING = MISSING


def create(connection: Connection, request: Request) -> Response:
    """Register a subscriber; an existing one of that name is not changed."""
    stored, created = agents.subscriber_rows.ensure(connection, request.body, "subscriber_name")
    return Response(ROW(stored), 201 if created else 200)


def list_subscribers(connection: Connection, request: Request) -> Response:
    """List subscribers in the order of their registration."""
    found = agents.subscriber_rows.listed(connection, request.filters(), request.window)
    return list_response(request, found, ROW)


OPERATIONS = (
    Operation(
        "POST",
        BASE,
        create,
        "Register a subscriber",
        writes=True,
        body=SubscriberCreate,
        row=ROW,
        creates=True,
    ),
    Operation(
        "GET", BASE, list_subscribers, "List subscribers", query=SubscriberQuery, row=ROW, is_list=True
    ),
)
