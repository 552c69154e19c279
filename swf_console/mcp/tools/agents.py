"""Tools for agents, namespaces and log lines."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.services import namespaces, processing
from ...backend.services.agents import control, queries
from ..executor import Desk
from ..serialize import Listed
from ..tool import Cursor, Level, Limit, Line, Moment, RowId, tool


@tool()
def list_agents(
    desk: Desk,
    *,
    namespace: Line | None = None,
    agent_type: Line | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List agents as their heart-beats describe them, the last registered first."""
    page = queries.list_agents(desk.database(), namespace, agent_type, cursor, limit)
    return Listed(page.items, page.next)


@tool()
def get_agent(desk: Desk, *, name: Line) -> Any:
    """Show an agent, and its process where this user's supervisord has it."""
    return queries.find_agent(desk.settings, desk.database(), name)


@tool(writes=True, destroys=True)
def kill_agent(desk: Desk, *, name: Line) -> Any:
    """End an agent's process, by the agent's name or its program's; it is not started again by itself.

    Only a process of this user's supervisord: others are refused, with the reason.
    """
    return control.kill_agent(desk.settings, desk.database(), name)


@tool()
def list_namespaces(desk: Desk, *, cursor: Cursor | None = None, limit: Limit = 50) -> Any:
    """List namespaces by name with how much is in them, counted up to 10,001."""
    page = namespaces.page_namespaces(desk.database(), cursor, limit)
    return Listed(page.items, page.next)


@tool()
def get_namespace(desk: Desk, *, namespace: Line) -> Any:
    """Show a namespace, its owner, and how much is in it, counted up to 10,001."""
    return namespaces.find_namespace(desk.database(), namespace)


@tool()
def list_logs(
    desk: Desk,
    *,
    app_name: Line | None = None,
    instance_name: Line | None = None,
    level: Level | None = None,
    start_time: Moment | None = None,
    end_time: Moment | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List log lines that programs reported, the newest first; level is the lowest shown."""
    page = processing.list_logs(
        desk.database(),
        app_name=app_name,
        instance_name=instance_name,
        level=level,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
        after=cursor,
        limit=limit,
    )
    return Listed(page.items, page.next)


@tool()
def get_log_entry(desk: Desk, *, log_id: RowId) -> Any:
    """Show one log line whole."""
    return processing.find_log_entry(desk.database(), log_id)


TOOLS = (list_agents, get_agent, kill_agent, list_namespaces, get_namespace, list_logs, get_log_entry)
