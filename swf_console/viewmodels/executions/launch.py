"""The launch form's calls: configurations, checked values, forecast, missing agents, launch."""

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from ...backend.config.composed import Value
from ...backend.config.names import resolve_namespace
from ...backend.core.errors import ConfigurationError, SwfError
from ...backend.core.format import plural
from ...backend.core.settings import Settings
from ...backend.messaging.embedded import find_running
from ...backend.services.agents.names import BROKER, RUNNER
from ...backend.services.agents.programs import needed_programs, supervisor_of
from ...backend.services.configurations import all_configurations
from ...backend.services.executions.forecast import Prediction, predict
from ...backend.services.executions.request import (
    RunRequest,
    compose_request,
    configured,
    parse_duration,
    prepare,
    testbed_of,
)
from ...backend.services.health.probe import Probe
from ...backend.services.runner.client import is_running, submit
from ...backend.services.testbed import start_agents
from ...backend.simulation.ports import StopSignal
from ..context import ConsoleContext

RUNNER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ConfigurationChoice:
    """A configuration; `problems` say why it cannot be run."""

    name: str
    workflow: str
    description: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """The configurations, what testbed.toml selects, and whether a runner is running."""

    choices: tuple[ConfigurationChoice, ...]
    configured: str
    namespace: str
    namespace_trouble: str
    realtime: bool
    runner: bool = False


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One parameter of the request; `source` is what set its value, `replaced` the overridden origins."""

    key: str
    section: str
    name: str
    value: str
    unit: str
    source: str
    replaced: str
    help: str
    allowed: str
    overridden: bool
    effective: bool


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """The composed request: its values, or the problems that prevent the run."""

    workflow: str
    rows: tuple[ValueRow, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """The prediction of a run; `keeps_up` is None if no workers are configured."""

    lines: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    keeps_up: bool | None = None


def launch_options(settings: Settings) -> LaunchOptions:
    """The configurations of this home. A broken testbed.toml is in `namespace_trouble`, not raised."""
    found = [
        ConfigurationChoice(
            one.name, one.workflow_name, one.description, tuple(str(each) for each in one.problems)
        )
        for one in all_configurations(settings)
        if not one.is_base or one.problems
    ]
    try:
        testbed = testbed_of(settings)
        named = configured(testbed)
        realtime = bool(testbed and testbed.workflow.get("realtime", False))
        namespace, trouble = resolve_namespace(None, testbed), ""
    except SwfError as error:
        named, realtime, namespace, trouble = "", False, "", str(error)
    names = {choice.name for choice in found}
    first = next((name for name in (named, f"{named}_default") if name in names), "")
    return LaunchOptions(tuple(found), first or next(iter(sorted(names)), ""), namespace, trouble, realtime)


def read_options(context: ConsoleContext) -> LaunchOptions:
    """The options of this home, and whether a runner of the console's namespace is running."""
    namespace = context.namespace

    def runs() -> bool:
        try:
            return bool(namespace) and is_running(context.database(), str(namespace))
        except SwfError:
            return False

    # a database that does not answer must not keep the form closed
    probe = Probe(runs)
    options = launch_options(context.settings)
    return replace(options, runner=probe.within(RUNNER_SECONDS, lambda: False))


def check(settings: Settings, request: RunRequest) -> CheckedRequest:
    """Compose the request; what is wrong is in `problems`, not raised."""
    try:
        composition = compose_request(settings, request)
        resolve_namespace(request.namespace, testbed_of(settings))
        parse_duration(request.duration, "duration")
    except ConfigurationError as error:
        return CheckedRequest("", problems=tuple(str(problem) for problem in error.problems) or (str(error),))
    except SwfError as error:
        return CheckedRequest("", problems=(str(error),))
    overridden = {override.key for override in request.overrides}
    rows = tuple(_row(value, overridden) for value in composition.values())
    return CheckedRequest(composition.workflow_name, rows, (), composition.warnings)


def new_dry_run() -> StopSignal:
    """The signal that ends a forecast which is no longer needed."""
    return StopSignal()


def forecast(settings: Settings, request: RunRequest, stop: StopSignal) -> Forecast:
    """Predict the run by a dry run, which `stop` ends. Raises a UsageError or ExecutionFailed."""
    found = predict(settings, request, stop=stop)
    rates = found.plan.capacity
    return Forecast(tuple(_forecast_lines(found)), found.warnings, rates.keeps_up if rates else None)


def missing_programs(context: ConsoleContext, request: RunRequest, *, here: bool) -> tuple[str, ...]:
    """The programs that the run needs and that are not running. Raises SwfError if that is unknown."""
    settings = context.settings
    names = [program.name for program in needed_programs(settings, compose_request(settings, request))]
    names += [] if here else [RUNNER]
    if settings.broker is None and not here and find_running(settings.state_dir) is None:
        names.append(BROKER)
    supervisor = context.supervisor or supervisor_of(settings)
    if not supervisor.probe().state.startable:
        up = {one.group for one in supervisor.processes() if not one.state.ended}
    else:
        up = set()
    return tuple(name for name in dict.fromkeys(names) if name not in up)


def start_missing(context: ConsoleContext, request: RunRequest, *, here: bool) -> str:
    """Start the missing programs, and supervisord if it is not running; returns what was done.

    Raises SupervisorUnreachable if one does not start.
    """
    settings = context.settings
    namespace = resolve_namespace(request.namespace, testbed_of(settings))
    composition = compose_request(settings, request)
    lines, strangers = start_agents(
        settings, composition, namespace, runner=not here, supervisor=context.supervisor
    )
    did = ", ".join(f"{line.name} {line.did}" for line in lines)
    return ". ".join((did, *strangers.values()))


def launch(context: ConsoleContext, request: RunRequest, *, here: bool) -> str:
    """Start the run in this process or on the persistent runner; returns the execution's id.

    Raises UsageError, BackendUnreachable, TimedOut if no runner answers, Refused if it refuses.
    """
    if here:
        return context.local_executions.start(request)
    return submit(context.settings, prepare(context.settings, request))


def command_line(request: RunRequest, workflow: str, *, here: bool) -> str:
    """The command line that starts the same run."""
    pace = "--realtime" if request.realtime else "--no-realtime"
    configuration = request.configuration or ""
    words = ["swf-console", "--run", workflow, "--workflow-config", configuration, pace]
    if not here:
        words = ["swf-console", "up", configuration, pace]
    words += ["--namespace", request.namespace] if request.namespace else []
    words += ["--duration", str(request.duration)] if request.duration else []
    for override in request.overrides:
        words += ["--set", f"{override.key}={override.text}"]
    return shlex.join(words)


def _row(value: Value, overridden: Collection[str]) -> ValueRow:
    parameter = value.parameter
    key = f"{value.section}.{value.key}"
    return ValueRow(
        key=key,
        section=value.section,
        name=value.key,
        value=_value_text(value.value),
        unit=parameter.unit if parameter else "",
        source=str(value.provenance),
        replaced=", ".join(str(each) for each in value.provenance.replaced),
        help=parameter.help if parameter else "",
        allowed=parameter.range if parameter else "",
        overridden=key in overridden,
        effective=value.effective,
    )


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _forecast_lines(found: Prediction) -> Sequence[str]:
    plan = found.plan
    lines = [
        f"{plural(plan.stf_count, 'STF')} in "
        f"{plan.schedule.end:,.6g} simulated s, "
        f"{sum(plan.messages_by_type.values()):,} messages"
    ]
    if rates := plan.capacity:
        used = f"{rates.utilisation:.0%}" if isfinite(rates.utilisation) else "no workers"
        lines.append(
            f"demand {rates.demand:.4g}/s, capacity {rates.capacity:.4g}/s with {rates.workers:,} workers: "
            f"{used}, {'keeps up' if rates.keeps_up else 'falls behind'}"
        )
    if backlog := plan.backlog:
        drain = backlog.drain_seconds
        drained = "queue never empty" if drain is None else f"queue empty {drain:,.6g} s after end_run"
        lines.append(f"{backlog.slices:,} slices, peak queue {backlog.peak:,}, {drained}")
    return lines
