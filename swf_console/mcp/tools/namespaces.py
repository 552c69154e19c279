"""Tools that show namespaces."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.services import namespaces
from ..tool import Cursor, Limit, Line, TimeText, ToolContext, tool


@tool()
def list_namespaces(context: ToolContext, *, cursor: Cursor | None = None, limit: Limit = 50) -> Any:
    """List namespaces by name, with counts of their rows up to 10,001."""
    return namespaces.page_namespaces(context.database(), cursor, limit)


@tool()
def get_namespace(
    context: ToolContext,
    *,
    namespace: Line,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
) -> Any:
    """Show a namespace, its owner, and counts of its rows in that time, up to 10,001."""
    since, until = parse_time(start_time, "start_time"), parse_time(end_time, "end_time")
    return namespaces.find_namespace(context.database(), namespace, since, until)
