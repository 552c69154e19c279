"""`/subscribers/`: who follows which destination."""

from pydantic import MISSING

from ...backend.database import Connection, agents
from ...backend.database.records.agents import Subscriber
from ..operation import Answer, Asked, Operation, listed
from ..schemas import FileName, Flag, Number, ResponseRow, Schema, Text

BASE = "/api/subscribers"
ROW = ResponseRow("Subscriber", Subscriber)


class SubscriberCreate(Schema):
    """A subscriber to register."""

    subscriber_name: FileName
    description: Text | MISSING | None = MISSING
    is_active: Flag = True
    fraction: Number | MISSING | None = MISSING


class SubscriberFilter(Schema):
    subscriber_name: FileName | MISSING = MISSING
    is_active: Flag | MISSING = MISSING


def create(connection: Connection, asked: Asked) -> Answer:
    """Register a subscriber; one of that name stays as it is."""
    stored, made = agents.subscriber_rows.ensure(connection, asked.body, "subscriber_name")
    return Answer(ROW(stored), 201 if made else 200)


def list_subscribers(connection: Connection, asked: Asked) -> Answer:
    """List subscribers in the order of their registration."""
    found = agents.subscriber_rows.listed(connection, asked.filters(), asked.window)
    return listed(asked, found, ROW)


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Register a subscriber", writes=True, body=SubscriberCreate, row=ROW, made=True
    ),
    Operation(
        "GET", BASE, list_subscribers, "List subscribers", query=SubscriberFilter, row=ROW, is_list=True
    ),
)
