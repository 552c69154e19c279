"""`/subscribers/`: who follows which destination."""

from ...database import Connection, agents
from ...database.records.agents import Subscriber
from ..fields import Body, Field
from ..kinds import Flag, Name, Number, Text
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/subscribers"
SHOWN = Shown("Subscriber", Subscriber)
NEW = Body(
    Field("subscriber_name", Name(255), required=True),
    Field("description", Text(), null=True),
    Field("is_active", Flag(), default=True),
    Field("fraction", Number(), null=True),
)


def create(connection: Connection, asked: Asked) -> Answer:
    """Register a subscriber; one of that name stays as it is."""
    stored, made = agents.subscriber_rows.ensure(connection, asked.body, "subscriber_name")
    return Answer(SHOWN(stored), 201 if made else 200)


def list_subscribers(connection: Connection, asked: Asked) -> Answer:
    """List subscribers in the order of their registration."""
    found = agents.subscriber_rows.listed(
        connection, asked.filters("subscriber_name", "is_active"), asked.window
    )
    return listed(asked, found, SHOWN)


OPERATIONS = (
    Operation("POST", BASE, create, "Register a subscriber", writes=True, body=NEW, row=SHOWN, made=True),
    Operation(
        "GET",
        BASE,
        list_subscribers,
        "List subscribers",
        query=(Field("subscriber_name", Name(255)), Field("is_active", Flag())),
        row=SHOWN,
        is_list=True,
    ),
)
