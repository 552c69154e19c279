"""Tools for testbeds; those of other users are reached through their agent managers."""

from typing import Any

from ...backend.services.agent_manager import client
from ..tool import Name, ToolContext, User, tool


@tool()
def get_testbed_status(context: ToolContext, *, username: User | None = None) -> Any:
    """Show the programs of a user's testbed (default: this user's), and whether its manager is alive."""
    user = username or context.settings.user
    return client.testbed_status(context.settings, context.database(), user)


@tool()
def check_agent_manager(context: ToolContext, *, username: User | None = None) -> Any:
    """Check whether a user's agent manager is alive: a recent heartbeat and an answer to a ping."""
    return client.check_manager(context.settings, context.database(), username or context.settings.user)


@tool(writes=True)
def start_user_testbed(
    context: ToolContext, *, username: User | None = None, config_name: Name | None = None
) -> Any:
    """Start the runner and the agents of a user's testbed; no workflow is started.

    Those of another user are started by that user's agent manager, which must be alive.
    """
    user = username or context.settings.user
    return client.start_user_testbed(context.settings, context.database(), user, config_name)


@tool(writes=True, destroys=True)
def stop_user_testbed(context: ToolContext, *, username: User | None = None) -> Any:
    """Stop the runner and the agents of a user's testbed; running executions become terminated."""
    user = username or context.settings.user
    return client.stop_user_testbed(context.settings, context.database(), user)
