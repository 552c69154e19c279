"""Tools that look at executions and at what was sent in them."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.database.records.messages import MessageFilter
from ...backend.database.records.workflows import ExecutionFilter
from ...backend.services.executions import queries
from ...backend.services.messages import filter as message_filter
from ...backend.services.messages import search
from ..executor import Desk
from ..serialize import Listed
from ..tool import Cursor, Limit, Line, Moment, Status, Words, tool


@tool()
def list_workflow_executions(
    desk: Desk,
    *,
    namespace: Line | None = None,
    status: Status | None = None,
    executed_by: Line | None = None,
    workflow_name: Line | None = None,
    currently_running: bool = False,
    start_time: Moment | None = None,
    end_time: Moment | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List executions, the newest first; start_time and end_time are bounds of when they began."""
    wanted = ExecutionFilter(
        status="running" if currently_running else status,
        namespace=namespace,
        executed_by=executed_by,
        workflow_name=workflow_name,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
    )
    page = queries.list_executions(desk.settings, desk.database(), wanted, cursor, limit)
    return Listed(page.items, page.next)


@tool()
def get_workflow_execution(desk: Desk, *, execution_id: Line) -> Any:
    """Show one execution: parameters, metrics, environment, state events, messages, drift of its code."""
    found = queries.execution_detail(desk.settings, desk.database(), execution_id)
    definition = found.definition
    return {
        "execution": found.execution,
        "definition": {
            "id": definition.id,
            "workflow_name": definition.workflow_name,
            "version": definition.version,
            "workflow_type": definition.workflow_type,
        },
        "drift": found.drift,
        "run_number": found.run_number,
        "messages_by_type": found.messages_by_type,
        "events": found.events,
        "more_events": found.more_events,
    }


@tool()
def get_workflow_monitor(desk: Desk, *, execution_id: Line) -> Any:
    """Show how far an execution is: status, phase, STFs, slice counters, state events, recent errors."""
    return queries.watch_execution(desk.settings, desk.database(), execution_id)


@tool()
def list_workflow_monitors(desk: Desk, *, cursor: Cursor | None = None, limit: Limit = 20) -> Any:
    """List the executions of the last 24 hours with their run, its phase and their STFs."""
    page = queries.list_watched(desk.settings, desk.database(), cursor, limit)
    return Listed(page.items, page.next)


@tool()
def list_messages(
    desk: Desk,
    *,
    namespace: Line | None = None,
    execution_id: Line | None = None,
    run_id: Line | None = None,
    message_type: Line | None = None,
    agent: Line | None = None,
    start_time: Moment | None = None,
    end_time: Moment | None = None,
    filter: Words = "",  # noqa: A002 (an argument of the tool)
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List recorded messages with their content, the newest first.

    agent is the sender. message_type may end in *. filter has terms that must all hold: type=stf_* run=100010
    sender~fastmon "text" !heartbeat .state=run (.name is a field of the body).
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
    page = search.list_messages(desk.database(), wanted, match, cursor, limit)
    note = f"{page.looked_at} messages were looked through" if page.unfinished else ""
    return Listed(search.with_contents(desk.database(), page.items), page.next, note)


TOOLS = (
    list_workflow_executions,
    get_workflow_execution,
    get_workflow_monitor,
    list_workflow_monitors,
    list_messages,
)
