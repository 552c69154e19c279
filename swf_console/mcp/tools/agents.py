"""Tools that show agents and end one."""

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
    """List agents as their heart-beats describe them, the last registered first."""
    return queries.list_agents(context.database(), namespace, agent_type, cursor, limit)


@tool()
def get_agent(context: ToolContext, *, name: Line) -> Any:
    """Show an agent, and its process where this user's supervisord has it."""
    return queries.find_agent(context.settings, context.database(), name)


@tool(writes=True, destroys=True)
def kill_agent(context: ToolContext, *, name: Line) -> Any:
    """End an agent's process, by the agent's name or its program's; it is not started again by itself.

    Only a process of this user's supervisord: others are refused, with the reason.
    """
    return control.kill_agent(context.settings, context.database(), name)
