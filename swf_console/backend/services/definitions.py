"""Stored workflow definitions."""

from ..core.errors import UsageError
from ..core.suggest import suggest
from ..database import Database, definitions
from ..database.records.pages import Page
from ..database.records.workflows import Definition, DefinitionSummary

SEARCHED = 200


def list_definitions(
    database: Database,
    workflow_name: str | None = None,
    after: str | None = None,
    limit: int = 50,
    *,
    workflow_type: str | None = None,
    created_by: str | None = None,
) -> Page[DefinitionSummary]:
    """Workflow definitions, newest first."""
    with database.read() as connection:
        return definitions.page(
            connection, workflow_name, after, limit, workflow_type=workflow_type, created_by=created_by
        )


def get_definition(database: Database, definition_id: int) -> Definition:
    """A definition with its code. Raises UsageError if the id is unknown."""
    with database.read() as connection:
        found = definitions.get(connection, definition_id)
    if found is None:
        raise UsageError(f"definition not found: {definition_id}", "List them: swf-console definitions")
    return found


def find_definition(database: Database, name: str) -> Definition:
    """A definition by id, by NAME@VERSION, or the newest of a name. Raises UsageError."""
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
        known = definitions.page(connection, limit=SEARCHED).items
    names = {one.workflow_name for one in known}
    advice = suggest(workflow_name, names, otherwise="List them: swf-console definitions")
    raise UsageError(f"definition not found: {name[:100]!r}", advice)


def source_of(definition: Definition) -> str:
    """Where the code came from: a link, or repository, path and commit; the branch at its creation."""
    source = definition.parameter_values.get("source")
    if not isinstance(source, dict):
        return "unknown"
    if source.get("absent") or not source.get("commit"):
        return str(source.get("absent") or "unknown")
    names = "/".join(str(source[name]) for name in ("organisation", "repository", "path") if source.get(name))
    place = source.get("url") or f"{names} at {source['commit']}"
    branch = f", branch {source['branch']}" if source.get("branch") else ""
    return f"{place}{branch}{' (with uncommitted changes)' if source.get('dirty') else ''}"
