"""Tools that show agents and kill one."""

from typing import Any

from ...backend.services.agents import control, queries
from ..tool import Cursor, Limit, Line, ToolContext, tool


@tool()
def list_agents(
    context: ToolContext,
    *,
    namespace: Line | None = None,
    agent_type: Line | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List agents with the state of their last heartbeat, the last registered first."""
    return queries.list_agents(context.database(), namespace, agent_type, cursor, limit)


@tool()
def get_agent(context: ToolContext, *, name: Line) -> Any:
    """Show an agent, and its process if this user's supervisord runs it."""
    return queries.find_agent(context.settings, context.database(), name)


@tool(writes=True, destroys=True)
def kill_agent(context: ToolContext, *, name: Line) -> Any:
    """Kill an agent's process, by agent or program name; it is not restarted automatically.

    Only processes of this user's supervisord can be killed; others are refused with the reason.
    """
    return control.kill_agent(context.settings, context.database(), name)
