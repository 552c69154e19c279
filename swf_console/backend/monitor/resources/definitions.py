"""`/workflow-definitions/`: stored once per name and version, never rewritten."""

from ...database import Connection, definitions
from ...database.records.workflows import Definition, NewDefinition
from ..fields import Body, Field, Problems
from ..kinds import Document, Integer, Name, Text
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/workflow-definitions"
FILTERS = ("workflow_name", "version", "workflow_type")
MOST = 1000
SHOWN = Shown("WorkflowDefinition", Definition)
NEW = Body(
    Field("workflow_name", Name(200), required=True),
    Field("version", Name(50), required=True),
    Field("workflow_type", Name(100), default="custom"),
    Field("definition", Text(), required=True),
    Field("parameter_values", Document(), default=dict),
    Field("created_by", Name(100), required=True),
)


def create(connection: Connection, asked: Asked) -> Answer:
    """Store a definition; one of that name and version stays as it is."""
    new = NewDefinition(**asked.body)
    before = definitions.find(connection, new.workflow_name, new.version)
    return Answer(SHOWN(definitions.ensure(connection, new)), 201 if before is None else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read a definition."""
    found = definitions.get(connection, asked.keys["id"])
    if found is None:
        raise Problems.of("id", "There is no definition of this id.")
    return Answer(SHOWN(found))


def list_definitions(connection: Connection, asked: Asked) -> Answer:
    """List definitions, the newest first."""
    return listed(asked, definitions.rows.listed(connection, asked.filters(*FILTERS), asked.window), SHOWN)


OPERATIONS = (
    Operation("POST", BASE, create, "Store a definition", writes=True, body=NEW, row=SHOWN, made=True),
    Operation(
        "GET",
        BASE,
        list_definitions,
        "List definitions",
        query=tuple(Field(name, Name(200)) for name in FILTERS),
        row=SHOWN,
        is_list=True,
        most=MOST,
    ),
    Operation("GET", f"{BASE}/{{id}}", get, "Read a definition", keys=(Field("id", Integer(1)),), row=SHOWN),
)
