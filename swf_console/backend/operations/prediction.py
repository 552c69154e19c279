"""What a run of a configuration would be like, without a broker and without a database."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..configuration import Composition, Override
from ..errors import UsageError
from ..settings import Settings
from ..simulation import Plan, StopSignal, executor_config, load_workflow, plan_run
from .configurations import composed


@dataclass(frozen=True, slots=True)
class Prediction:
    """A configuration, and the plan of its run."""

    composition: Composition
    plan: Plan

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of the configuration and of the plan."""
        return (*self.composition.warnings, *self.plan.warnings)


def predict(
    settings: Settings,
    configuration: str,
    overrides: Sequence[Override] = (),
    *,
    duration: float | None = None,
    stop: StopSignal | None = None,
) -> Prediction:
    """Rehearse the configuration's workflow; `duration` is in simulated seconds, `stop` ends it early.

    Raises UsageError for what cannot be run, ExecutionFailed where the workflow fails.
    """
    composition = composed(settings, configuration, overrides)
    if not composition.workflow_name:
        raise UsageError(
            f"configuration {composition.configuration} names no workflow: it is only a base to include",
            "List those that do: swf-console config list",
        )
    code = load_workflow(settings.workflows_dir, composition.workflow_name)
    config = executor_config(composition.sections, composition.parameters)
    return Prediction(composition, plan_run(code, config, duration=duration, stop=stop))
