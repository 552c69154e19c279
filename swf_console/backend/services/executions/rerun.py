"""Rerun of an execution: its stored parameters as overrides of its configuration."""

from dataclasses import dataclass
from typing import Any

from ...config.composed import Composition
from ...config.overrides import Override
from ...core.errors import Refused
from ...core.redaction import REDACTED
from ...core.settings import Settings
from ...database import Database
from ...database.records.workflows import Execution
from ...simulation.workflow_loader import load_workflow
from .diff import flattened
from .queries import find_execution, table
from .request import RunRequest, compose_request


@dataclass(frozen=True, slots=True)
class Rerun:
    """The request, and how it differs from the execution it repeats."""

    request: RunRequest
    warnings: tuple[str, ...]


def rerun_of(
    settings: Settings,
    database: Database,
    execution_id: str,
    *,
    namespace: str | None = None,
    realtime: bool | None = None,
) -> Rerun:
    """A request with the workflow, configuration, parameters, pace and limit of `execution_id`.

    Raises UsageError if the execution, its configuration or its workflow does not exist, Refused if the
    execution has no parameter snapshot.
    """
    execution = find_execution(database, execution_id)
    snapshot = table(execution.parameter_values)
    heading = table(snapshot.get("workflow"))
    sections = {name: value for name, value in snapshot.items() if name != "workflow" and table(value)}
    if not sections:
        raise Refused(f"{execution_id} has no stored parameters", "Run its workflow: swf-console --run NAME")
    environment = table(execution.execution_environment)
    request = RunRequest(
        workflow=str(heading.get("name") or execution.workflow_name),
        configuration=heading.get("configuration"),
        overrides=overrides_of(sections, f"rerun of {execution_id}"),
        namespace=namespace or execution.namespace,
        realtime=bool(environment.get("realtime")) if realtime is None else realtime,
        duration=environment.get("duration"),
    )
    composition = compose_request(settings, request)
    code = _code_warning(settings, execution, composition.workflow_name)
    return Rerun(request, (*code, *_parameter_warnings(sections, composition)))


def overrides_of(sections: dict[str, Any], origin: str) -> tuple[Override, ...]:
    """Every stored value as an override; secrets are not stored and come from the configuration."""
    return tuple(
        Override(f"{section}.{key}", value, origin)
        for section, values in sections.items()
        for key, value in values.items()
        if not any(each == REDACTED for _, each in flattened({key: value}))
    )


def _code_warning(settings: Settings, execution: Execution, workflow: str) -> list[str]:
    then = table(table(execution.execution_environment).get("workflow")).get("sha256")
    now = load_workflow(settings.workflows_dir, workflow).sha256
    return (
        [f"the code of {workflow} has changed since {execution.execution_id}"]
        if then not in (None, now)
        else []
    )


def _parameter_warnings(sections: dict[str, Any], composition: Composition) -> list[str]:
    """Parameters that will differ because the configuration has changed."""
    then, now = dict(flattened(sections)), dict(flattened(composition.shown_sections()))
    return [
        f"{name} = {now[name]!r} is new in configuration {composition.configuration}"
        if name not in then
        else f"{name} was {then[name]!r} and will be {now.get(name)!r}"
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]
