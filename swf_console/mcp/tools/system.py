"""The tool for the system as a whole."""

from typing import Any

from ...backend.services.status import system
from ..tool import ToolContext, tool


@tool()
def get_system_state(context: ToolContext) -> Any:
    """Show the whole system: verdict, backends, supervisord, agents, latest executions, recent errors."""
    return system.system_state(context.settings, context.database())
