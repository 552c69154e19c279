"""Tools for the system as a whole."""

from typing import Any

from ...backend.services.health import status
from ...backend.services.messages import announcements
from ..executor import Desk
from ..tool import Metadata, Name, Text, tool


@tool()
def get_system_state(desk: Desk) -> Any:
    """Show everything at once: verdict, backends, supervisord, agents, latest executions, recent errors."""
    return status.system_state(desk.settings, desk.database())


@tool(writes=True)
def send_message(
    desk: Desk,
    *,
    message: Text,
    message_type: Name = "announcement",
    namespace: Name | None = None,
    metadata: Metadata | None = None,
) -> Any:
    """Send a text to everybody who follows the topic; the answer comes once the broker has confirmed it.

    It is shown in the tail and recorded. Types that agents act upon (start_run, stf_gen, ...) are refused.
    """
    return announcements.send_message(
        desk.settings,
        desk.database(),
        message,
        msg_type=message_type,
        namespace=namespace,
        metadata=metadata,
    )


TOOLS = (get_system_state, send_message)
