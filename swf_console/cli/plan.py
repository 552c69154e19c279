"""`swf-console plan`: predict a run, without a broker and without a database."""

import argparse
import sys
from contextlib import redirect_stdout
from math import isfinite
from typing import TYPE_CHECKING

from ..backend.core.settings import load_settings
from .arguments import add, add_json, given
from .charts import chart
from .config import add_set
from .output import brief, counted, emit, fields, heading, say, show, show_table
from .run import PARAMETER_FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..backend.config.overrides import Override
    from ..backend.services.executions.forecast import Prediction
    from ..backend.simulation.backlog_model import Backlog
    from ..backend.simulation.capacity import Capacity
    from ..backend.simulation.plan import Plan

STATES_SHOWN = 30
PERIOD_STARTS = ("start_run", "resume_run")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The configuration and its overrides."""
    parser.add_argument("configuration", metavar="CONFIG", help="the configuration's name")
    add(parser, "--workers", "N", "override target_worker_count")
    for flag, parameter in PARAMETER_FLAGS.items():
        add(parser, flag, "N", f"override {parameter}")
    add(parser, "--duration", "S", "end at S simulated seconds")
    add(parser, "--testbed-config", "FILE", "testbed.toml (workflows/testbed.toml)")
    add_set(parser)
    add_json(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Predict and print; a warning says how many workers would be enough."""
    from ..backend.services.executions.forecast import document_of, predict
    from ..backend.services.executions.request import RunRequest, parse_duration
    from ..backend.services.executions.watchdog import Watchdog

    settings = load_settings(home=arguments.home, testbed_config=given(arguments, "testbed_config"))
    request = RunRequest(
        configuration=arguments.configuration,
        overrides=tuple(overrides_of(arguments)),
        duration=parse_duration(given(arguments, "duration"), "--duration"),
    )
    watchdog = Watchdog(settings, None)
    try:
        # stdout is for the prediction: what the workflow prints goes to stderr
        with redirect_stdout(sys.stderr):
            prediction = predict(settings, request)
    finally:
        watchdog.dismiss()
    if arguments.json:
        emit(document_of(prediction))
    else:
        show_prediction(prediction)
    for warning in prediction.warnings:
        say(f"swf-console: warning: {brief(warning)}")
    return 0


def overrides_of(arguments: argparse.Namespace) -> list["Override"]:
    """The overrides in the flags."""
    from ..backend.config.overrides import parse_override, typed_override

    flags = {"--workers": ("workers", "target_worker_count")}
    flags |= {flag: (parameter, parameter) for flag, parameter in PARAMETER_FLAGS.items()}
    named = [
        typed_override(parameter, value, flag)
        for flag, (attribute, parameter) in flags.items()
        if (value := given(arguments, attribute)) is not None
    ]
    return [*named, *(parse_override(text, "--set") for text in arguments.set)]


def show_prediction(prediction: "Prediction") -> None:
    """Print the prediction as text."""
    plan = prediction.plan
    heads = (prediction.composition.configuration, prediction.composition.workflow_name)
    show("  ".join(map(brief, heads)))
    fields(
        [
            ("simulated", f"{plan.schedule.end:,.10g} s"),
            ("STFs", f"{plan.stf_count:,}"),
            ("stf_count", stf_count_of(prediction.composition.parameters.get("stf_count"), plan)),
            ("messages", f"{sum(plan.messages_by_type.values()):,}"),
        ]
    )
    steps = [
        (
            f"{step.tick:g}",
            brief(f"{step.state} / {step.substate}" if step.substate else step.state),
            brief(step.msg_type) if step.msg_type else "",
        )
        for step in plan.schedule.transitions
    ]
    show_table("Schedule", ("simulated s", "state", "message"), steps[:STATES_SHOWN])
    if len(steps) > STATES_SHOWN:
        show(f"… and {len(steps) - STATES_SHOWN:,} more")
    show_table("Messages", ("type", "count"), counted(plan.messages_by_type))
    show_table("Messages of the agents", ("type", "count"), counted(plan.downstream))
    if plan.capacity:
        show_capacity(plan.capacity)
    if plan.backlog:
        show_backlog(plan.backlog, plan.modelled)


def stf_count_of(stf_count: object, plan: "Plan") -> str | None:
    """What the workflow takes stf_count for, by the STFs of its dry run; existing files count per period."""
    if not isinstance(stf_count, int) or not stf_count:
        return None
    if plan.stf_count == stf_count:
        return f"{stf_count:,} in all"
    periods = sum(one.msg_type in PERIOD_STARTS for one in plan.schedule.transitions)
    return f"{stf_count:,} in each physics period" if plan.stf_count == stf_count * periods else None


def show_capacity(rates: "Capacity") -> None:
    """Print the capacity of the workers."""
    heading("Workers")
    fields(
        [
            ("demand", f"{rates.demand:.4g} slices/s ({rates.stf_rate:.4g} STF/s)"),
            ("capacity", f"{rates.capacity:.4g} slices/s with {rates.workers:,} workers"),
            (
                "utilisation",
                f"{rates.utilisation:.1%}" if isfinite(rates.utilisation) else "no workers",
            ),
            ("workers needed", f"{rates.workers_needed:,}"),
            ("verdict", "keeps up" if rates.keeps_up else "falls behind"),
        ]
    )


def show_backlog(backlog: "Backlog", modelled: "Backlog | None") -> None:
    """Print the queue of slices over time, by formula and by SimPy."""
    both = [backlog, *([modelled] if modelled else [])]
    columns = ("", *({"formula": "by formula", "model": "by SimPy"}[one.method] for one in both))
    lines: list[tuple[str, Callable[[Backlog], str]]] = [
        ("slices", lambda one: f"{one.slices:,}"),
        ("last worker ready", lambda one: f"at {one.workers_ready:,.10g} s"),
        ("peak queue", lambda one: f"{one.peak:,} at {one.peak_tick:,.10g} s"),
        ("queued at end_run", lambda one: f"{one.waiting_at_end:,}"),
        ("queue empty", drained),
        ("unfinished after ramp-down", lambda one: f"{one.unfinished:,}"),
    ]
    show_table("Backlog", columns, [(name, *(of(one) for one in both)) for name, of in lines])
    drawn = chart([(point.tick, point.waiting) for point in backlog.points], "s")
    if drawn:
        heading("Queued slices")
    for line in drawn:
        show(line)


def drained(backlog: "Backlog") -> str:
    """When the last slice is finished."""
    drain = backlog.drain_seconds
    return "never" if drain is None else f"{drain:,.10g} s after end_run"
