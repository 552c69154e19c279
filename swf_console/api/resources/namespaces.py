"""`/namespaces/`: namespaces and their owners."""

from typing import Literal

from pydantic import MISSING, BaseModel

from ...backend.config.names import PLACEHOLDER
from ...backend.database import Connection, namespaces
from ...backend.database.records.workflows import Namespace
from ..operation import Operation, Request, Response, list_response
from ..schemas import Name, Problems, RequestSchema, ResponseRow

BASE = "/api/namespaces"
ROW = ResponseRow("Namespace", Namespace)


class NamespaceEnsure(RequestSchema):
    """A namespace to create if it does not exist."""

    name: Name
    owner: Name = "unknown"


class NamespaceEnsured(BaseModel):
    """The namespace as it is now."""

    status: Literal["success"]
    created: bool
    name: str
    owner: str
    description: str


class NamespaceQuery(RequestSchema):
    owner: Name | MISSING = MISSING


def check_usable(name: str, field: str) -> None:
    """Refuse the placeholder of a new home, as every command does. Raises Problems."""
    if name.strip().lower() == PLACEHOLDER:
        raise Problems.of(field, f"{PLACEHOLDER} is a placeholder: set a namespace in testbed.toml.")


def ensure(connection: Connection, request: Request) -> Response:
    """Create a namespace if it does not exist; an existing one keeps its owner."""
    check_usable(request.body["name"], "name")
    namespace, created = namespaces.ensure(connection, request.body["name"], request.body["owner"])
    document = {
        "status": "success",
        "created": created,
        "name": namespace.name,
        "owner": namespace.owner,
        "description": namespace.description,
    }
    return Response(document, 201 if created else 200)


def list_namespaces(connection: Connection, request: Request) -> Response:
    """List namespaces by name."""
    return list_response(request, namespaces.rows.listed(connection, request.filters(), request.window), ROW)


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/ensure",
        ensure,
        "Create a namespace if it does not exist",
        writes=True,
        body=NamespaceEnsure,
        row=NamespaceEnsured,
        creates=True,
        status_in_body=True,
    ),
    Operation("GET", BASE, list_namespaces, "List namespaces", query=NamespaceQuery, row=ROW, is_list=True),
)
