"""`/workflow-definitions/`: stored once per name and version, never rewritten."""

from typing import Annotated

from pydantic import MISSING, Field

from ...backend.database import Connection, definitions
from ...backend.database.records.workflows import Definition, NewDefinition
from ..operation import Answer, Asked, Operation, listed
from ..schemas import Document, Integer, Line, Name, Problems, ResponseRow, Schema, Text

BASE = "/api/workflow-definitions"
MOST = 1000
ROW = ResponseRow("WorkflowDefinition", Definition)


class DefinitionKey(Schema):
    id: Annotated[int, Integer(1)]


class DefinitionCreate(Schema):
    """A definition to store."""

    workflow_name: Annotated[str, Line(200)]
    version: Annotated[str, Line(50)]
    workflow_type: Name = "custom"
    definition: Text
    parameter_values: Document = Field(default_factory=dict)
    created_by: Name


class DefinitionFilter(Schema):
    workflow_name: Annotated[str, Line(200)] | MISSING = MISSING
    version: Annotated[str, Line(200)] | MISSING = MISSING
    workflow_type: Annotated[str, Line(200)] | MISSING = MISSING


def create(connection: Connection, asked: Asked) -> Answer:
    """Store a definition; one of that name and version stays as it is."""
    new = NewDefinition(**asked.body)
    before = definitions.find(connection, new.workflow_name, new.version)
    return Answer(ROW(definitions.ensure(connection, new)), 201 if before is None else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read a definition."""
    found = definitions.get(connection, asked.keys["id"])
    if found is None:
        raise Problems.of("id", "There is no definition of this id.")
    return Answer(ROW(found))


def list_definitions(connection: Connection, asked: Asked) -> Answer:
    """List definitions, the newest first."""
    return listed(asked, definitions.rows.listed(connection, asked.filters(), asked.window), ROW)


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Store a definition", writes=True, body=DefinitionCreate, row=ROW, made=True
    ),
    Operation(
        "GET",
        BASE,
        list_definitions,
        "List definitions",
        query=DefinitionFilter,
        row=ROW,
        is_list=True,
        most=MOST,
    ),
    Operation("GET", f"{BASE}/{{id}}", get, "Read a definition", keys=DefinitionKey, row=ROW),
)
