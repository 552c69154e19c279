"""Pages of what is kept: executions, definitions, namespaces."""

from ..database import Database, definitions, executions, namespaces
from ..database.records import (
    Definition,
    DefinitionSummary,
    Execution,
    ExecutionFilter,
    ExecutionSummary,
    NamespaceUse,
    Page,
)
from ..errors import UsageError
from ..nearest import nearest
from ..settings import Settings
from .orphans import sweep

COUNT_CAP = 10_001
LOOKED_THROUGH = 200


def list_executions(
    settings: Settings, database: Database, wanted: ExecutionFilter, after: str | None = None, limit: int = 50
) -> Page[ExecutionSummary]:
    """Executions, newest first; what nobody runs any more is closed before it could be shown as running."""
    sweep(settings, database)
    with database.read() as connection:
        return executions.page(connection, wanted, after, limit)


def find_execution(database: Database, execution_id: str) -> Execution:
    """The execution of that id. Raises UsageError with the nearest ids where there is none."""
    with database.read() as connection:
        found = executions.get(connection, execution_id)
        if found:
            return found
        near = executions.page(connection, ExecutionFilter(), limit=LOOKED_THROUGH).items
    names = nearest(execution_id, [one.execution_id for one in near])
    advice = f"Did you mean {' or '.join(names)}?" if names else "List them: swf-console executions"
    raise UsageError(f"there is no execution {execution_id[:100]!r}", advice)


def list_definitions(
    database: Database, workflow_name: str | None = None, after: str | None = None, limit: int = 50
) -> Page[DefinitionSummary]:
    """Workflow definitions, newest first."""
    with database.read() as connection:
        return definitions.page(connection, workflow_name, after, limit)


def find_definition(database: Database, name: str) -> Definition:
    """A definition by its id, by NAME@VERSION, or the newest of a name. Raises UsageError."""
    workflow_name, _, version = name.partition("@")
    with database.read() as connection:
        found: Definition | None = None
        if version:
            found = definitions.find(connection, workflow_name, version)
        elif newest := definitions.page(connection, name, limit=1).items:
            found = definitions.get(connection, newest[0].id)
        elif name.isascii() and name.isdecimal() and len(name) < 18:
            found = definitions.get(connection, int(name))
        if found:
            return found
        known = definitions.page(connection, limit=LOOKED_THROUGH).items
    names = nearest(workflow_name, {one.workflow_name for one in known})
    advice = f"Did you mean {' or '.join(names)}?" if names else "List them: swf-console definitions"
    raise UsageError(f"there is no definition {name[:100]!r}", advice)


def list_namespaces(database: Database) -> list[NamespaceUse]:
    """Namespaces by name, with how much is in them, counted up to COUNT_CAP."""
    with database.read() as connection:
        return namespaces.listed(connection, cap=COUNT_CAP)


def page_namespaces(database: Database, after: str | None = None, limit: int = 50) -> Page[NamespaceUse]:
    """The same in pages."""
    with database.read() as connection:
        return namespaces.page(connection, after, limit, cap=COUNT_CAP)
