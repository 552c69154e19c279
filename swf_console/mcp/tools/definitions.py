"""Tools that show workflow definitions."""

from typing import Any

from ...backend.services import definitions
from ..tool import Cursor, Limit, Line, ToolContext, tool


@tool()
def list_workflow_definitions(
    context: ToolContext,
    *,
    workflow_name: Line | None = None,
    workflow_type: Line | None = None,
    created_by: Line | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List workflow definitions, newest first, without their code."""
    return definitions.list_definitions(
        context.database(),
        workflow_name,
        cursor,
        limit,
        workflow_type=workflow_type,
        created_by=created_by,
    )
