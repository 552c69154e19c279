"""A workflow is asked of the persistent runner; what it needs is started before."""

from ..configuration import Override, overrides_from
from ..errors import Refused
from ..settings import Settings
from .commands import run_command
from .control import ask_runner
from .orchestration import ANSWER_SECONDS, Started, Wish, run_testbed
from .request import RunRequest, prepare


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


def overrides_of(parameters: dict[str, object], origin: str) -> tuple[Override, ...]:
    """What parameters by name, or `section.key`, set over the configuration; None sets nothing."""
    return overrides_from(parameters, origin)
