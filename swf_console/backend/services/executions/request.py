"""Requests for executions, checked completely before anything is written or sent."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...config.composed import Composition
from ...config.list import configuration_names
from ...config.load import compose
from ...config.names import resolve_namespace
from ...config.overrides import Override, overrides_from, typed_override
from ...config.testbed import Testbed, find_testbed, load_testbed
from ...core.errors import UsageError
from ...core.settings import Settings
from ...simulation.source_version import SourceCollector, collect_source
from ...simulation.workflow_loader import WorkflowCode, load_workflow


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A request for one execution; prepare() fills in what is None.

    The default workflow is that of the configuration, else that of testbed.toml; namespace and realtime
    come from testbed.toml. `duration` is in simulated seconds, or text as typed; None is no limit.
    """

    workflow: str | None = None
    configuration: str | None = None
    overrides: tuple[Override, ...] = ()
    namespace: str | None = None
    realtime: bool | None = None
    duration: float | str | None = None
    executed_by: str | None = None

    def with_override(self, key: str, text: str, origin: str = "form") -> "RunRequest":
        """The request with one value set as typed; an empty text removes the override."""
        others = tuple(one for one in self.overrides if one.key != key)
        typed = (typed_override(key, text, origin),) if text.strip() else ()
        return replace(self, overrides=(*others, *typed))

    def with_parameters(self, parameters: Mapping[str, Any], origin: str) -> "RunRequest":
        """The request with parameters by name, or `section.key`, set; None sets nothing."""
        return replace(self, overrides=(*self.overrides, *overrides_from(parameters, origin)))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked request; its `request` has no open fields."""

    request: RunRequest
    namespace: str
    realtime: bool
    duration: float | None
    composition: Composition
    code: WorkflowCode
    source: SourceCollector


def prepare(settings: Settings, request: RunRequest) -> Prepared:
    """Check all of `request`. Raises a UsageError; nothing is written or sent."""
    testbed = testbed_of(settings)
    namespace = resolve_namespace(request.namespace, testbed)
    # loaded first: a misspelt workflow is then reported as such, not as a missing configuration
    code = load_workflow(settings.workflows_dir, request.workflow) if request.workflow else None
    composition = _composed(settings, testbed, request)
    code = code or load_workflow(settings.workflows_dir, composition.workflow_name)
    paced = bool(testbed and testbed.workflow.get("realtime", False))
    realtime = paced if request.realtime is None else request.realtime
    duration = parse_duration(request.duration, "duration")
    exact = replace(
        request,
        workflow=code.name,
        configuration=composition.configuration,
        namespace=namespace,
        realtime=realtime,
        duration=duration,
    )
    return Prepared(exact, namespace, realtime, duration, composition, code, collect_source(code.path))


def compose_request(settings: Settings, request: RunRequest) -> Composition:
    """The configuration of a request with its overrides. Raises a UsageError."""
    return _composed(settings, testbed_of(settings), request)


def configured(testbed: Testbed | None) -> str:
    """The configuration, or the workflow, that testbed.toml names."""
    said = testbed.workflow if testbed else {}
    return str(said.get("config") or said.get("name") or "")


def testbed_of(settings: Settings) -> Testbed | None:
    """The testbed.toml that applies, or None."""
    path = find_testbed(settings.testbed_config, settings.workflows_dir)
    return load_testbed(path) if path else None


def parse_duration(value: Any, field: str) -> float | None:
    """Simulated seconds from a flag or a message; 0 and None mean no limit."""
    if value is None or value == "":
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0) or isinstance(value, bool):
        raise UsageError(
            f"{field} = {value!r} is not a number of seconds", "Give simulated seconds, 0 for no limit"
        )
    return seconds or None


def _composed(settings: Settings, testbed: Testbed | None, request: RunRequest) -> Composition:
    name = _configuration_of(settings, testbed, request)
    composition = compose(
        settings.workflows_dir,
        name,
        workflow=request.workflow if request.configuration else None,
        testbed=testbed,
        overrides=request.overrides,
    )
    workflow = composition.workflow_name
    if not workflow:
        raise UsageError(
            f"configuration {composition.configuration} does not name a workflow: it is a base to include",
            f"Choose another configuration, such as {request.workflow}_default"
            if request.workflow
            else "List configurations: swf-console config list",
        )
    if request.workflow not in (None, workflow):
        raise UsageError(
            f"configuration {composition.configuration} is for workflow {workflow}, not {request.workflow}",
            f"Run {workflow}, or choose another configuration",
        )
    return composition


def _configuration_of(settings: Settings, testbed: Testbed | None, request: RunRequest) -> str:
    """The configuration's name; without a workflow NAME also stands for NAME_default if only that exists."""
    if request.workflow:
        return request.configuration or f"{request.workflow}_default"
    name = request.configuration or configured(testbed)
    if not name:
        raise UsageError("nothing to run", "Name a configuration, or set [workflow] config in testbed.toml")
    known = configuration_names(settings.workflows_dir)
    plain = name.removesuffix(".toml")
    return plain if plain in known or f"{plain}_default" not in known else f"{plain}_default"
