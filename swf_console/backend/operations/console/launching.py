"""What the launch form asks: what can be run, what it would be like, what is missing, and to begin it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from ...configuration import Composition, Override, Value, parse_override, resolve_namespace
from ...errors import ConfigurationError, Refused, SwfError
from ...messaging.embedded import find_running
from ...services.executions.request import RunRequest, parse_duration, testbed_of
from ...services.runner.client import ask_runner
from ...services.runner.protocol import run_command
from ...settings import Settings
from ...simulation import StopSignal
from ..agent_programs import BROKER, RUNNER, needed_programs, supervisor_of
from ..configurations import all_configurations, composed
from ..orchestration import start_agents
from ..prediction import Prediction, predict
from .agent_watch import configured
from .services import ConsoleServices

ANSWER_SECONDS = 10.0
ORIGIN = "form"


@dataclass(frozen=True, slots=True)
class Choice:
    """A configuration that can be run, or that is broken and says why."""

    name: str
    workflow: str
    description: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from, and what testbed.toml would run."""

    choices: tuple[Choice, ...]
    configured: str
    namespace: str
    namespace_trouble: str
    realtime: bool


@dataclass(frozen=True, slots=True)
class LaunchWish:
    """What the form says. `overrides` are texts as they were typed, by `section.key`."""

    configuration: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""
    realtime: bool = False
    duration: str = ""
    here: bool = True

    def with_override(self, key: str, text: str) -> "LaunchWish":
        """The wish with one value set; an empty text takes the override away."""
        others = {name: value for name, value in self.overrides.items() if name != key}
        return replace(self, overrides=others | ({key: text} if text.strip() else {}))


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One parameter as it would be; `source` says what set it, `replaced` what it took the place of."""

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
class Checked:
    """The wish, composed: its values, or the problems that keep it from being run."""

    workflow: str
    rows: tuple[ValueRow, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the run would be like; `keeps_up` is None where no workers are configured."""

    lines: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    keeps_up: bool | None = None


def offer(settings: Settings) -> Offer:
    """What can be run here. Never raises for a broken testbed.toml: it is said instead."""
    found = [
        Choice(one.name, one.workflow_name, one.description, tuple(str(each) for each in one.problems))
        for one in all_configurations(settings)
        if not one.is_base or one.problems
    ]
    try:
        testbed = testbed_of(settings)
        said = testbed.workflow if testbed else {}
        named = configured(testbed)
        realtime = bool(said.get("realtime", False))
        namespace, trouble = resolve_namespace(None, testbed), ""
    except SwfError as error:
        named, realtime, namespace, trouble = "", False, "", str(error)
    names = {choice.name for choice in found}
    first = next((name for name in (named, f"{named}_default") if name in names), "")
    return Offer(tuple(found), first or next(iter(sorted(names)), ""), namespace, trouble, realtime)


def check(settings: Settings, wish: LaunchWish) -> Checked:
    """Compose the wish. Never raises: what is wrong is among the problems."""
    try:
        composition = composed(settings, wish.configuration, overrides_of(wish))
        resolve_namespace(wish.namespace or None, testbed_of(settings))
        parse_duration(wish.duration, "duration")
    except ConfigurationError as error:
        return Checked("", problems=tuple(str(problem) for problem in error.problems) or (str(error),))
    except SwfError as error:
        return Checked("", problems=(str(error),))
    rows = tuple(_row(value, wish) for value in composition.values())
    return Checked(composition.workflow_name, rows, (), composition.warnings)


def new_rehearsal() -> StopSignal:
    """What ends a forecast that is of no use any more."""
    return StopSignal()


def forecast(settings: Settings, wish: LaunchWish, stop: StopSignal) -> Forecast:
    """Rehearse the run; `stop` ends the rehearsal. Raises a UsageError or ExecutionFailed."""
    duration = parse_duration(wish.duration, "duration")
    found = predict(settings, wish.configuration, overrides_of(wish), duration=duration, stop=stop)
    rates = found.plan.capacity
    return Forecast(tuple(_lines(found)), found.warnings, rates.keeps_up if rates else None)


def missing_programs(settings: Settings, wish: LaunchWish) -> tuple[str, ...]:
    """The programs that the run needs and that do not run. Raises SwfError where that cannot be known."""
    names = [program.name for program in needed_programs(settings, _composition(settings, wish))]
    names += [] if wish.here else [RUNNER]
    if settings.broker is None and not wish.here and find_running(settings.state_dir) is None:
        names.append(BROKER)
    supervisor = supervisor_of(settings)
    if not supervisor.look().state.startable:
        up = {one.group for one in supervisor.processes() if not one.state.ended}
    else:
        up = set()
    return tuple(name for name in dict.fromkeys(names) if name not in up)


def start_missing(settings: Settings, wish: LaunchWish) -> str:
    """Start what the run needs, with supervisord where it does not run; says what was done.

    Raises SupervisorUnreachable where one does not start.
    """
    namespace = resolve_namespace(wish.namespace or None, testbed_of(settings))
    composition = _composition(settings, wish)
    lines, strangers = start_agents(settings, composition, namespace, runner=not wish.here)
    did = ", ".join(f"{line.name} {line.did}" for line in lines)
    return ". ".join((did, *strangers.values()))


def launch(services: ConsoleServices, wish: LaunchWish) -> str:
    """Begin the run here or on the persistent runner; returns the execution's id.

    Raises a UsageError, BackendUnreachable, TimedOut where no runner answers, Refused where it refuses.
    """
    settings = services.settings
    request = request_of(settings, wish)
    if wish.here:
        return services.runs.start(request)
    namespace = resolve_namespace(request.namespace, testbed_of(settings))
    answer = ask_runner(settings, run_command(request, namespace), ANSWER_SECONDS)
    if not answer.get("accepted"):
        said = "; ".join(map(str, answer.get("problems") or [answer.get("reason")]))
        raise Refused(f"the runner refused: {said}")
    return str(answer.get("execution_id"))


def request_of(settings: Settings, wish: LaunchWish) -> RunRequest:
    """The wish as a request. Raises a UsageError."""
    return RunRequest(
        workflow=_composition(settings, wish).workflow_name,
        configuration=wish.configuration,
        overrides=overrides_of(wish),
        namespace=wish.namespace or None,
        realtime=wish.realtime,
        duration=parse_duration(wish.duration, "duration"),
    )


def command_line(wish: LaunchWish, workflow: str) -> str:
    """The words that do the same in a shell."""
    pace = "--realtime" if wish.realtime else "--no-realtime"
    words = ["swf-console", "--run", workflow, "--workflow-config", wish.configuration, pace]
    if not wish.here:
        words = ["swf-console", "up", wish.configuration, pace]
    words += ["--namespace", wish.namespace] if wish.namespace else []
    words += ["--duration", wish.duration] if wish.duration else []
    for key, text in wish.overrides.items():
        words += ["--set", f"{key}={text}"]
    return shlex.join(words)


def overrides_of(wish: LaunchWish) -> tuple[Override, ...]:
    """What was typed, read. Raises ConfigurationError."""
    return tuple(parse_override(f"{key}={text}", ORIGIN) for key, text in wish.overrides.items())


def _composition(settings: Settings, wish: LaunchWish) -> Composition:
    return composed(settings, wish.configuration, overrides_of(wish))


def _row(value: Value, wish: LaunchWish) -> ValueRow:
    parameter = value.parameter
    key = f"{value.section}.{value.key}"
    return ValueRow(
        key=key,
        section=value.section,
        name=value.key,
        value=_spelled(value.value),
        unit=parameter.unit if parameter else "",
        source=str(value.provenance),
        replaced=", ".join(str(each) for each in value.provenance.replaced),
        help=parameter.help if parameter else "",
        allowed=parameter.range if parameter else "",
        overridden=key in wish.overrides,
        effective=value.effective,
    )


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _lines(found: Prediction) -> Sequence[str]:
    plan = found.plan
    lines = [
        f"{plan.stf_count:,} STF{'' if plan.stf_count == 1 else 's'} in "
        f"{plan.schedule.end:,.6g} simulated s, "
        f"{sum(plan.messages_by_type.values()):,} messages"
    ]
    if rates := plan.capacity:
        used = f"{rates.utilisation:.0%}" if isfinite(rates.utilisation) else "no worker"
        lines.append(
            f"demand {rates.demand:.4g}/s, capacity {rates.capacity:.4g}/s with {rates.workers:,} workers: "
            f"{used}, {'keeps up' if rates.keeps_up else 'falls behind'}"
        )
    if backlog := plan.backlog:
        drain = backlog.drain_seconds
        drained = "never drained" if drain is None else f"drained {drain:,.6g} s after end_run"
        lines.append(f"{backlog.slices:,} slices, at most {backlog.peak:,} waiting, {drained}")
    return lines
