"""Tools that show namespaces."""

from typing import Any

from ...backend.services import namespaces
from ..tool import Cursor, Limit, Line, ToolContext, tool


@tool()
def list_namespaces(context: ToolContext, *, cursor: Cursor | None = None, limit: Limit = 50) -> Any:
    """List namespaces by name, with counts of their rows up to 10,001."""
    return namespaces.page_namespaces(context.database(), cursor, limit)


@tool()
def get_namespace(context: ToolContext, *, namespace: Line) -> Any:
    """Show a namespace, its owner, and counts of its rows up to 10,001."""
    return namespaces.find_namespace(context.database(), namespace)
