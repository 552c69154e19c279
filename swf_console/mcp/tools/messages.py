"""Tools that show recorded messages and send one."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.database.records.messages import MessageFilter
from ...backend.database.records.pages import Page
from ...backend.services.messages import announcements, search
from ...backend.services.messages import filter as message_filter
from ..serialize import NotedPage
from ..tool import Cursor, FilterText, Limit, Line, Metadata, Name, Text, TimeText, ToolContext, tool


@tool()
def list_messages(
    context: ToolContext,
    *,
    namespace: Line | None = None,
    execution_id: Line | None = None,
    run_id: Line | None = None,
    message_type: Line | None = None,
    agent: Line | None = None,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
    filter: FilterText = "",  # noqa: A002 (an argument of the tool)
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List recorded messages with their content, newest first.

    agent is the sender. message_type may end in *. filter has terms that must all match: type=stf_*
    run=100010 sender~fastmon "text" !heartbeat .state=run (.name is a field of the body).
    """
    wanted = MessageFilter(
        namespace=namespace,
        execution_id=execution_id,
        run_id=run_id,
        message_type=message_type,
        sender=agent,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
    )
    match = message_filter.compile_filter(filter)
    page = search.list_messages(context.database(), wanted, match, cursor, limit)
    note = f"{page.looked_at} messages were searched" if page.unfinished else ""
    items = search.with_contents(context.database(), page.items)
    return NotedPage(Page(items, page.next), note)


@tool(writes=True)
def send_message(
    context: ToolContext,
    *,
    message: Text,
    message_type: Name = "announcement",
    namespace: Name | None = None,
    metadata: Metadata | None = None,
) -> Any:
    """Send a text to all subscribers of the topic; returns after the broker has confirmed it.

    The message is recorded and shown in consoles. Types that agents act on (start_run, stf_gen, ...) are
    refused.
    """
    return announcements.send_message(
        context.settings,
        context.database(),
        message,
        msg_type=message_type,
        namespace=namespace,
        metadata=metadata,
    )
