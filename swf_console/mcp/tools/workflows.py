"""Tools that start and end workflows, predict them, and say which there are."""

import threading
from typing import Any

from ...backend.services import definitions, testbed
from ...backend.services.executions import forecast
from ...backend.services.executions.request import RunRequest
from ...backend.services.executions.stop import force_terminate, stop_execution
from ..executor import Desk
from ..serialize import Listed
from ..tool import Cursor, Finite, Limit, Line, Name, Parameters, Seconds, Wait, tool

PLAN_SECONDS = 20.0


@tool(writes=True)
def start_workflow(
    desk: Desk,
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
    """Start a workflow; the answer holds its execution_id, and comes before the run ends.

    Without workflow_name and config, testbed.toml says what is run; without namespace, in which. The runner
    and the agents of the configuration are started where they do not run, unless start_agents is false.
    Every parameter is checked before anything is started. Watch it with get_workflow_monitor.
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
    return testbed.run_testbed(desk.settings, request, with_agents=start_agents)


@tool(writes=True, destroys=True)
def stop_workflow(desk: Desk, *, execution_id: Line, timeout: Wait = 10.0) -> Any:
    """Stop a running execution, whoever runs it, and wait for its end; its agents are told.

    Refused where it does not run.
    """
    return stop_execution(desk.settings, desk.database(), execution_id, timeout)


@tool(writes=True, destroys=True)
def end_execution(desk: Desk, *, execution_id: Line) -> Any:
    """Write off an execution that stays `running` with nobody to run it: its status becomes `terminated`.

    No process is touched and no agent is told. Refused where its runner is alive: use stop_workflow then.
    """
    return force_terminate(desk.settings, desk.database(), execution_id)


@tool()
def list_workflow_definitions(
    desk: Desk, *, workflow_name: Line | None = None, cursor: Cursor | None = None, limit: Limit = 50
) -> Any:
    """List workflow definitions, the newest first, without their code."""
    page = definitions.list_definitions(desk.database(), workflow_name, cursor, limit)
    return Listed(page.items, page.next)


@tool()
def plan(
    desk: Desk, *, config: Name, parameters: Parameters | None = None, duration: Seconds | None = None
) -> Any:
    """Predict a run of a configuration: schedule, messages, demand, capacity, backlog, warnings.

    Nothing is started, no broker and no database is needed. A rehearsal of more than 20 seconds is cut.
    """
    stop = forecast.StopSignal()
    alarm = threading.Timer(PLAN_SECONDS, stop.request, ["it takes too long"])
    alarm.daemon = True
    alarm.start()
    try:
        request = RunRequest(configuration=config, duration=duration).with_parameters(parameters or {}, "mcp")
        found = forecast.predict(desk.settings, request, stop=stop)
    finally:
        alarm.cancel()
    return forecast.document_of(found)


TOOLS = (start_workflow, stop_workflow, end_execution, list_workflow_definitions, plan)
