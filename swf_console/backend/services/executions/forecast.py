"""Predict a run of a configuration without a broker and a database."""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from ...config.composed import Composition
from ...core.settings import Settings
from ...simulation.dry_run import DRY_RUN_SECONDS
from ...simulation.execution import executor_config
from ...simulation.plan import Plan, plan_run
from ...simulation.ports import StopSignal
from ...simulation.workflow_loader import load_workflow
from .request import RunRequest, compose_request, parse_duration


@dataclass(frozen=True, slots=True)
class Prediction:
    """A configuration, and the plan of its run."""

    composition: Composition
    plan: Plan

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of the configuration and of the plan."""
        return (*self.composition.warnings, *self.plan.warnings)


def predict(
    settings: Settings,
    request: RunRequest,
    *,
    stop: StopSignal | None = None,
    seconds: float = DRY_RUN_SECONDS,
) -> Prediction:
    """Simulate the requested run; it ends early by `stop` or after `seconds` of wall time.

    Raises UsageError for an invalid request, ExecutionFailed if the workflow fails.
    """
    composition = compose_request(settings, request)
    duration = parse_duration(request.duration, "duration")
    code = load_workflow(settings.workflows_dir, composition.workflow_name)
    config = executor_config(composition.sections, composition.parameters)
    return Prediction(composition, plan_run(code, config, duration=duration, stop=stop, seconds=seconds))


def document_of(prediction: Prediction) -> dict[str, Any]:
    """The prediction as JSON; infinite values are null."""
    plan = prediction.plan
    rates = asdict(plan.capacity) if plan.capacity else {}
    return {
        "configuration": prediction.composition.configuration,
        "workflow": prediction.composition.workflow_name,
        "parameters": prediction.composition.shown_sections(),
        "simulated_seconds": plan.schedule.end,
        "cut": plan.schedule.cut,
        "stf_count": plan.stf_count,
        "schedule": [asdict(transition) for transition in plan.schedule.transitions],
        "messages_by_type": plan.messages_by_type,
        "downstream_messages_by_type": plan.downstream,
        "capacity": {
            **{name: value if isfinite(value) else None for name, value in rates.items()},
            "keeps_up": plan.capacity.keeps_up,
        }
        if plan.capacity
        else None,
        "backlog": asdict(plan.backlog) if plan.backlog else None,
        "backlog_modelled": asdict(plan.modelled) if plan.modelled else None,
        "warnings": list(prediction.warnings),
    }
