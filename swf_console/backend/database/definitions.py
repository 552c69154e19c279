"""Workflow definitions: stored once per name and version, and never rewritten."""

from typing import Any

from sqlalchemy import Connection, Row, Select, select

from .records.pages import COUNT_CAP, Page
from .records.workflows import Definition, DefinitionSummary, NewDefinition
from .sql.dialect import capped, insert_into, matching
from .sql.keyset import Order, cursor_of, one_page
from .sql.offset import TableGateway
from .sql.types import utc_now
from .tables.workflows import definitions

_c = definitions.c
_KEY = (_c.id,)
_SUMMARY = tuple(_c[name] for name in DefinitionSummary.__dataclass_fields__)
_ALL = select(*(_c[name] for name in Definition.__dataclass_fields__))

rows: TableGateway[Definition] = TableGateway(
    definitions,
    _c.id,
    Definition,
    filters={"workflow_name": _c.workflow_name, "version": _c.version, "workflow_type": _c.workflow_type},
    order=(_c.id.desc(),),
)


def ensure(connection: Connection, new: NewDefinition) -> Definition:
    """Store the definition unless its name and version exist already; return the stored one."""
    found = find(connection, new.workflow_name, new.version)
    if found is not None:
        return found
    now = utc_now()
    absent = insert_into(connection, definitions).on_conflict_do_nothing(
        index_elements=["workflow_name", "version"]
    )
    connection.execute(
        absent,
        {
            "workflow_name": new.workflow_name,
            "version": new.version,
            "workflow_type": new.workflow_type,
            "definition": new.definition,
            "parameter_values": new.parameter_values,
            "created_by": new.created_by,
            "created_at": now,
            "updated_at": now,
        },
    )
    # READ COMMITTED: this query sees the row if another process inserted it after the first query
    return _definition(connection.execute(_named(new.workflow_name, new.version)).one())


def find(connection: Connection, workflow_name: str, version: str) -> Definition | None:
    """Read a definition by its name and version."""
    row = connection.execute(_named(workflow_name, version)).first()
    return None if row is None else _definition(row)


def get(connection: Connection, definition_id: int) -> Definition | None:
    """Read a definition by its id."""
    row = connection.execute(_ALL.where(_c.id == definition_id)).first()
    return None if row is None else _definition(row)


def page(
    connection: Connection,
    workflow_name: str | None = None,
    after: str | None = None,
    limit: int = 50,
    *,
    newest_first: bool = True,
    workflow_type: str | None = None,
    created_by: str | None = None,
) -> Page[DefinitionSummary]:
    """List definitions without their code, newest first."""
    equal = (
        (_c.workflow_name, workflow_name),
        (_c.workflow_type, workflow_type),
        (_c.created_by, created_by),
    )
    conditions = matching(equal, _c.created_at, None, None)
    order = Order(_KEY, after, limit, newest_first)
    return one_page(connection, [conditions], _SUMMARY, order, DefinitionSummary)


def cursor(definition: DefinitionSummary) -> str:
    """The cursor of one definition in the list."""
    return cursor_of([definition.id])


def count(connection: Connection, workflow_name: str | None = None, cap: int = COUNT_CAP) -> int:
    """Count definitions, up to `cap`."""
    conditions = [] if workflow_name is None else [_c.workflow_name == workflow_name]
    return capped(connection, select(_c.id).where(*conditions), cap)


def _named(workflow_name: str, version: str) -> Select[*tuple[Any, ...]]:
    return _ALL.where(_c.workflow_name == workflow_name, _c.version == version)


def _definition(row: Row[*tuple[Any, ...]]) -> Definition:
    return Definition(**row._mapping)
