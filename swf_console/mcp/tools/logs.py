"""Tools that show reported log lines."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.services import processing
from ..tool import Cursor, Level, Limit, Line, RowId, TimeText, ToolContext, tool


@tool()
def list_logs(
    context: ToolContext,
    *,
    app_name: Line | None = None,
    instance_name: Line | None = None,
    level: Level | None = None,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List log lines that programs reported, newest first; level is the lowest one shown."""
    return processing.list_logs(
        context.database(),
        app_name=app_name,
        instance_name=instance_name,
        level=level,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
        after=cursor,
        limit=limit,
    )


@tool()
def get_log_entry(context: ToolContext, *, log_id: RowId) -> Any:
    """Show one log line with its full text."""
    return processing.find_log_entry(context.database(), log_id)
