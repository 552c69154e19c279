"""Tools that start, stop, show and predict executions."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.database.records.workflows import ExecutionFilter
from ...backend.services import testbed
from ...backend.services.definitions import source_of
from ...backend.services.executions import forecast, queries
from ...backend.services.executions.request import RunRequest
from ...backend.services.executions.stop import force_terminate, stop_execution
from ..tool import (
    Cursor,
    Finite,
    Limit,
    Line,
    Name,
    Parameters,
    Seconds,
    Status,
    TimeText,
    ToolContext,
    Wait,
    tool,
)


@tool(writes=True)
def start_workflow(
    context: ToolContext,
    *,
    workflow_name: Name | None = None,
    config: Name | None = None,
    namespace: Name | None = None,
    realtime: bool | None = None,
    duration: Seconds | None = None,
    stf_count: int | None = None,
    physics_period_count: int | None = None,
    physics_period_duration: Finite | None = None,
    stf_interval: Finite | None = None,
    parameters: Parameters | None = None,
    start_agents: bool = True,
) -> Any:
    """Start a workflow; returns its execution_id while the run continues.

    workflow_name, config and namespace default to those of testbed.toml. The runner and the configuration's
    agents are started if they are not running, unless start_agents is false. All parameters are checked
    before anything is started. Watch the run with get_workflow_monitor.
    """
    named = {
        "stf_count": stf_count,
        "physics_period_count": physics_period_count,
        "physics_period_duration": physics_period_duration,
        "stf_interval": stf_interval,
    }
    given = {name: value for name, value in named.items() if value is not None} | (parameters or {})
    request = RunRequest(
        workflow=workflow_name,
        configuration=config,
        namespace=namespace,
        realtime=realtime,
        duration=duration,
    ).with_parameters(given, "mcp")
    return testbed.run_testbed(context.settings, request, with_agents=start_agents)


@tool(writes=True, destroys=True)
def stop_workflow(context: ToolContext, *, execution_id: Line, timeout: Wait = 20.0) -> Any:
    """Stop a running execution, in any process, and wait for its end; agents receive end_run.

    Refused if it is not running.
    """
    return stop_execution(context.settings, context.database(), execution_id, timeout)


@tool(writes=True, destroys=True)
def end_execution(context: ToolContext, *, execution_id: Line) -> Any:
    """Force terminate an execution that is `running` but that no process runs: it becomes `terminated`.

    No process is stopped and no message is sent. Refused while its runner is alive: use stop_workflow.
    """
    return force_terminate(context.settings, context.database(), execution_id)


@tool()
def list_workflow_executions(
    context: ToolContext,
    *,
    namespace: Line | None = None,
    status: Status | None = None,
    executed_by: Line | None = None,
    workflow_name: Line | None = None,
    currently_running: bool = False,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List executions, newest first; start_time and end_time are bounds of their start."""
    wanted = ExecutionFilter(
        status="running" if currently_running else status,
        namespace=namespace,
        executed_by=executed_by,
        workflow_name=workflow_name,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
    )
    return queries.list_executions(context.settings, context.database(), wanted, cursor, limit)


@tool()
def get_workflow_execution(context: ToolContext, *, execution_id: Line) -> Any:
    """Show one execution: parameters, metrics, environment, state events, messages, changes of its code."""
    found = queries.execution_detail(context.settings, context.database(), execution_id)
    definition = found.definition
    return {
        "execution": found.execution,
        "definition": {
            "id": definition.id,
            "workflow_name": definition.workflow_name,
            "version": definition.version,
            "workflow_type": definition.workflow_type,
            "source": source_of(definition),
        },
        "drift": found.drift,
        "run_number": found.run_number,
        "messages_by_type": found.messages_by_type,
        "events": found.events,
        "more_events": found.more_events,
    }


@tool()
def get_workflow_monitor(context: ToolContext, *, execution_id: Line) -> Any:
    """Show the progress of an execution: status, phase, STFs, slice counters, state events, recent errors."""
    return queries.watch_execution(context.settings, context.database(), execution_id)


@tool()
def list_workflow_monitors(context: ToolContext, *, cursor: Cursor | None = None, limit: Limit = 20) -> Any:
    """List the executions of the last 24 hours with run, phase and STFs."""
    return queries.list_recent_phases(context.settings, context.database(), cursor, limit)


@tool()
def plan(
    context: ToolContext,
    *,
    config: Name,
    parameters: Parameters | None = None,
    duration: Seconds | None = None,
) -> Any:
    """Predict a run of a configuration: schedule, messages, demand, capacity, backlog, warnings.

    Nothing is started; no broker and no database is needed. The dry run is limited to 20 seconds.
    """
    request = RunRequest(configuration=config, duration=duration).with_parameters(parameters or {}, "mcp")
    return forecast.document_of(forecast.predict(context.settings, request))
