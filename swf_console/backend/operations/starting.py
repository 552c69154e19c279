"""A workflow is asked of the persistent runner; what it needs is started before."""

from collections.abc import Mapping
from typing import Any

from ..configuration import Override, compose, overrides_from
from ..errors import Refused
from ..services.executions.request import RunRequest, prepare, testbed_of
from ..services.runner.client import ask_runner
from ..services.runner.protocol import run_command
from ..settings import Settings
from .orchestration import ANSWER_SECONDS, Started, Wish, named_configuration, run_testbed


def start_workflow(settings: Settings, request: RunRequest, *, with_agents: bool = True) -> Started:
    """Ask for an execution and return its id as soon as the runner has accepted it.

    With agents, the runner and the agents of the configuration are started where they do not run; without,
    a runner has to be there. Raises a UsageError before anything is started or sent, SupervisorUnreachable,
    Refused, or TimedOut where no runner answers.
    """
    prepared = prepare(settings, request)
    if with_agents:
        wish = Wish(
            configuration=prepared.composition.configuration,
            overrides=request.overrides,
            namespace=prepared.namespace,
            realtime=request.realtime,
            duration=request.duration,
        )
        return run_testbed(settings, wish)
    answer = ask_runner(settings, run_command(request, prepared.namespace), ANSWER_SECONDS)
    if not answer.get("accepted"):
        raise Refused(f"the runner refused: {answer.get('reason')}")
    return Started(
        execution_id=str(answer.get("execution_id")),
        namespace=prepared.namespace,
        configuration=prepared.composition.configuration,
        agents=(),
        warnings=prepared.composition.warnings,
    )


def request_of(
    settings: Settings,
    *,
    workflow: str | None,
    configuration: str | None,
    namespace: str | None,
    realtime: bool | None,
    duration: float | None,
    overrides: tuple[Override, ...],
) -> RunRequest:
    """What somebody wants who leaves the rest to testbed.toml. Raises UsageError where that says nothing."""
    testbed = testbed_of(settings)
    said = testbed.workflow if testbed else {}
    if configuration is None and workflow is None:
        configuration = named_configuration(settings, said.get("config") or said.get("name"))
    if workflow is None:
        composition = compose(
            settings.workflows_dir, configuration or "", testbed=testbed, overrides=overrides
        )
        workflow = composition.workflow_name
    return RunRequest(
        workflow=workflow,
        configuration=configuration,
        overrides=overrides,
        namespace=namespace,
        realtime=bool(said.get("realtime", False)) if realtime is None else realtime,
        duration=duration,
    )


def overrides_of(parameters: Mapping[str, Any], origin: str) -> tuple[Override, ...]:
    """What parameters by name, or `section.key`, set over the configuration; None sets nothing."""
    return overrides_from(parameters, origin)
