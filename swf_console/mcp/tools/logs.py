"""Tools that show reported log lines."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.database.records.agents import LogFilter
from ...backend.services import processing
from ..tool import Cursor, Level, Limit, Line, RowId, TimeText, ToolContext, tool


@tool()
def list_logs(
    context: ToolContext,
    *,
    app_name: Line | None = None,
    instance_name: Line | None = None,
    level: Level | None = None,
    execution_id: Line | None = None,
    search: Line | None = None,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List log lines that programs reported, newest first; level is the lowest one shown.

    search is a text in the message, without regard to case.
    """
    wanted = LogFilter(
        app_name=app_name,
        instance_name=instance_name,
        level=processing.LEVELS[level] if level else None,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
        execution_id=execution_id,
        text=search,
    )
    return processing.list_logs(context.database(), wanted, cursor, limit)


@tool()
def get_log_entry(context: ToolContext, *, log_id: RowId) -> Any:
    """Show one log line with its full text."""
    return processing.find_log_entry(context.database(), log_id)
