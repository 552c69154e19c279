"""`/namespaces/`."""

from typing import Literal

from pydantic import MISSING, BaseModel

from ...backend.database import Connection, namespaces
from ...backend.database.records.workflows import Namespace
from ..operation import Answer, Asked, Operation, listed
from ..schemas import Name, ResponseRow, Schema

BASE = "/api/namespaces"
ROW = ResponseRow("Namespace", Namespace)


class NamespaceEnsure(Schema):
    """A namespace that must be there."""

    name: Name
    owner: Name = "unknown"


class NamespaceEnsured(BaseModel):
    """The namespace as it is now."""

    status: Literal["success"]
    created: bool
    name: str
    owner: str
    description: str


class NamespaceFilter(Schema):
    owner: Name | MISSING = MISSING


def ensure(connection: Connection, asked: Asked) -> Answer:
    """See that a namespace is there; the owner of one that is stays."""
    namespace, created = namespaces.ensure(connection, asked.body["name"], asked.body["owner"])
    told = {
        "status": "success",
        "created": created,
        "name": namespace.name,
        "owner": namespace.owner,
        "description": namespace.description,
    }
    return Answer(told, 201 if created else 200)


def list_namespaces(connection: Connection, asked: Asked) -> Answer:
    """List namespaces by name."""
    return listed(asked, namespaces.rows.listed(connection, asked.filters(), asked.window), ROW)


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/ensure",
        ensure,
        "See that a namespace is there",
        writes=True,
        body=NamespaceEnsure,
        row=NamespaceEnsured,
        made=True,
        says_status=True,
    ),
    Operation("GET", BASE, list_namespaces, "List namespaces", query=NamespaceFilter, row=ROW, is_list=True),
)
