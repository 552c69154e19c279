"""`/workflow-definitions/`: stored once per name and version, never changed."""

from typing import Annotated

from pydantic import MISSING, Field

from ...backend.database import Connection, definitions
from ...backend.database.records.workflows import Definition, NewDefinition
from ..operation import Operation, Request, Response, existing, list_response
from ..schemas import Document, Integer, Name, RequestSchema, ResponseRow, ShortText, Text

BASE = "/api/workflow-definitions"
MAX_ROWS = 1000
ROW = ResponseRow("WorkflowDefinition", Definition)


class DefinitionKey(RequestSchema):
    id: Annotated[int, Integer(1)]


class DefinitionCreate(RequestSchema):
    """A definition to store."""

    workflow_name: Annotated[str, ShortText(200)]
    version: Annotated[str, ShortText(50)]
    workflow_type: Name = "custom"
    definition: Text
    parameter_values: Document = Field(default_factory=dict)
    created_by: Name


class DefinitionQuery(RequestSchema):
    workflow_name: Annotated[str, ShortText(200)] | MISSING = MISSING
    version: Annotated[str, ShortText(200)] | MISSING = MISSING
    workflow_type: Annotated[str, ShortText(200)] | MISSING = MISSING


def create(connection: Connection, request: Request) -> Response:
    """Store a definition; an existing one of that name and version is not changed."""
    new = NewDefinition(**request.body)
    before = definitions.find(connection, new.workflow_name, new.version)
    return Response(ROW(definitions.ensure(connection, new)), 201 if before is None else 200)


def get(connection: Connection, request: Request) -> Response:
    """Read a definition."""
    found = definitions.get(connection, request.keys["id"])
    return Response(ROW(existing(found, "id", f"Definition not found: {request.keys['id']}")))


def list_definitions(connection: Connection, request: Request) -> Response:
    """List definitions, the newest first."""
    return list_response(request, definitions.rows.listed(connection, request.filters(), request.window), ROW)


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Store a definition", writes=True, body=DefinitionCreate, row=ROW, creates=True
    ),
    Operation(
        "GET",
        BASE,
        list_definitions,
        "List definitions",
        query=DefinitionQuery,
        row=ROW,
        is_list=True,
        max_rows=MAX_ROWS,
    ),
    Operation("GET", f"{BASE}/{{id}}", get, "Read a definition", keys=DefinitionKey, row=ROW),
)
