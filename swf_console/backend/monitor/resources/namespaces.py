"""`/namespaces/`."""

from ...database import Connection, namespaces
from ...database.records.workflows import Namespace
from ..fields import Body, Field
from ..kinds import Name
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown, Told

BASE = "/api/namespaces"
SHOWN = Shown("Namespace", Namespace)
ENSURED = Told(
    "NamespaceEnsured",
    status={"type": "string", "const": "success"},
    created={"type": "boolean"},
    name={"type": "string"},
    owner={"type": "string"},
    description={"type": "string"},
)


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
    return listed(asked, namespaces.rows.listed(connection, asked.filters("owner"), asked.window), SHOWN)


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/ensure",
        ensure,
        "See that a namespace is there",
        writes=True,
        body=Body(Field("name", Name(100), required=True), Field("owner", Name(100), default="unknown")),
        row=ENSURED,
        made=True,
        says_status=True,
    ),
    Operation(
        "GET",
        BASE,
        list_namespaces,
        "List namespaces",
        query=(Field("owner", Name(100)),),
        row=SHOWN,
        is_list=True,
    ),
)
