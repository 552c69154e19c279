"""What somebody asks to be run, and everything checked about it before anything is written or sent."""

import math
from dataclasses import dataclass
from typing import Any

from ...configuration import (
    Composition,
    Override,
    Testbed,
    compose,
    find_testbed,
    load_testbed,
    parse_override,
    resolve_namespace,
)
from ...errors import UsageError
from ...settings import Settings
from ...simulation import SourceCollector, WorkflowCode, collect_source, load_workflow

__all__ = ["Override", "Prepared", "RunRequest", "parse_duration", "parse_override", "prepare", "testbed_of"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One execution as it is asked for. `duration` is in simulated seconds; None is no limit."""

    workflow: str
    configuration: str | None = None
    overrides: tuple[Override, ...] = ()
    namespace: str | None = None
    realtime: bool = False
    duration: float | None = None
    executed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request whose every part was found good."""

    request: RunRequest
    namespace: str
    composition: Composition
    code: WorkflowCode
    source: SourceCollector


def prepare(settings: Settings, request: RunRequest) -> Prepared:
    """Check `request` whole. Raises a UsageError; nothing is written or sent."""
    testbed = testbed_of(settings)
    namespace = resolve_namespace(request.namespace, testbed)
    code = load_workflow(settings.workflows_dir, request.workflow)
    composition = compose(
        settings.workflows_dir,
        request.configuration or f"{request.workflow}_default",
        testbed=testbed,
        overrides=request.overrides,
    )
    if not composition.workflow_name:
        raise UsageError(
            f"configuration {composition.configuration} names no workflow: it is only a base to include",
            f"Choose one that does, such as {request.workflow}_default",
        )
    if composition.workflow_name != request.workflow:
        raise UsageError(
            f"configuration {composition.configuration} is for workflow {composition.workflow_name}, "
            f"not {request.workflow}",
            f"Run {composition.workflow_name}, or choose another configuration",
        )
    return Prepared(request, namespace, composition, code, collect_source(code.path))


def testbed_of(settings: Settings) -> Testbed | None:
    """The testbed.toml that applies, or None where there is none."""
    path = find_testbed(settings.testbed_config, settings.workflows_dir)
    return load_testbed(path) if path else None


def parse_duration(value: Any, field: str) -> float | None:
    """Simulated seconds from a flag or a message; 0 and nothing are no limit."""
    if value is None or value == "":
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0) or isinstance(value, bool):
        raise UsageError(
            f"{field} = {value!r} is no number of seconds", "Give simulated seconds, 0 for no limit"
        )
    return seconds or None
