"""`/logs/`: lines of programs' logs, taken without a token and shown to nobody."""

from ...database import Connection, logs
from ...database.records.agents import LogEntry
from ..fields import Body, Field
from ..kinds import LARGEST_BIG, Anything, Integer, Moment, Name, Text
from ..operation import Answer, Asked, Operation
from ..shown import Told

NEW = Body(
    Field("app_name", Name(100), required=True),
    Field("instance_name", Name(100), required=True),
    Field("timestamp", Moment(), null=True),
    Field("level", Integer(0, 1000), default=0),
    Field("levelname", Name(50, blank=True), default=""),
    Field("message", Text(), required=True),
    Field("module", Name(255, blank=True), null=True),
    Field("funcname", Name(255, blank=True), null=True),
    Field("lineno", Integer(0), null=True),
    Field("process", Integer(0), null=True),
    Field("thread", Integer(-LARGEST_BIG, LARGEST_BIG), null=True),
    Field("extra_data", Anything(), null=True),
)


def create(connection: Connection, asked: Asked) -> Answer:
    """Store a line, once however often it is sent."""
    said = {name: value for name, value in asked.body.items() if value is not None}
    entry = LogEntry(**{"timestamp": asked.now, **said})
    stored = logs.insert_once(connection, entry)
    return Answer({"status": "stored"}, 201 if stored else 200)


OPERATIONS = (
    Operation(
        "POST",
        "/api/logs",
        create,
        "Store a line of a log",
        writes=True,
        body=NEW,
        row=Told("LogStored", status={"type": "string"}),
        made=True,
        open=True,
    ),
)
