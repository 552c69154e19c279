"""The tools for the system as a whole, and for this server."""

from typing import Any

from ...backend.services.status import system
from ..tool import ToolContext, User, tool


@tool()
def get_system_state(context: ToolContext, *, username: User | None = None) -> Any:
    """Show the whole system: verdict, backends, supervisord, agents, latest executions, recent errors.

    username limits the latest executions to those of one user.
    """
    return system.system_state(context.settings, context.database(), username)


@tool()
def list_available_tools(context: ToolContext) -> Any:
    """List the tools of this server with what they do."""
    return {"tools": context.described_tools()}


@tool()
def get_server_instructions(context: ToolContext) -> Any:
    """Show how this server is meant to be used, and whether it may write."""
    return {"instructions": context.instructions}
