"""Tools that show agents and kill one."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.database.records.agents import AgentFilter
from ...backend.services.agents import control, queries
from ..tool import AgentStatus, Cursor, Limit, Line, TimeText, ToolContext, tool


@tool()
def list_agents(
    context: ToolContext,
    *,
    namespace: Line | None = None,
    agent_type: Line | None = None,
    status: AgentStatus | None = None,
    execution_id: Line | None = None,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List agents with the state of their last heartbeat, the last registered first.

    execution_id selects the senders of its messages; the times are bounds of the last heartbeat.
    """
    wanted = AgentFilter(
        namespace=namespace,
        agent_type=agent_type,
        status=status,
        execution_id=execution_id,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
    )
    return queries.list_agents(context.database(), wanted, cursor, limit)


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
