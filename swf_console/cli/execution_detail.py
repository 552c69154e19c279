"""One execution on a terminal."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..backend.core.format import duration_text, instant, process_of
from ..backend.core.times import seconds_since
from ..backend.services.executions.diff import flattened
from .output import brief, counted, fields, heading, lines, say, show, show_pairs, show_table

if TYPE_CHECKING:
    from ..backend.services.executions.queries import Drift, ExecutionDetail

EVENTS_SHOWN = 60
DRIFT = {True: "drifted: the code that ran differs from the stored code", False: "none", None: "unknown"}


def document_of(detail: "ExecutionDetail") -> dict[str, Any]:
    """The execution as JSON; its definition without the code."""
    definition = detail.definition
    return {
        **asdict(detail.execution),
        "definition": {
            "id": definition.id,
            "workflow_name": definition.workflow_name,
            "version": definition.version,
            "workflow_type": definition.workflow_type,
        },
        "drift": asdict(detail.drift),
        "run_number": detail.run_number,
        "messages_by_type": detail.messages_by_type,
        "state_events": [asdict(event) for event in detail.events],
        "more_state_events": detail.more_events,
    }


def show_detail(detail: "ExecutionDetail") -> None:
    """Print the execution as text, the most important parts first."""
    show_summary(detail)
    show_error(detail)
    show_parameters(detail)
    show_states(detail)
    show_table("Messages", ("type", "count"), counted(detail.messages_by_type))
    show_metrics(detail)
    show_environment(detail)


def show_summary(detail: "ExecutionDetail") -> None:
    """Identity, status and times."""
    execution = detail.execution
    show(f"{brief(execution.execution_id)}  {brief(execution.status)}")
    fields(
        [
            ("workflow", brief(f"{execution.workflow_name} {execution.version}")),
            ("configuration", brief(_workflow(detail).get("configuration"))),
            ("namespace", brief(execution.namespace)),
            ("user", brief(execution.executed_by)),
            ("run", detail.run_number),
            ("started", f"{instant(execution.start_time)} UTC"),
            ("ended", f"{instant(execution.end_time)} UTC" if execution.end_time else None),
            (
                "took",
                execution.end_time and duration_text(seconds_since(execution.start_time, execution.end_time)),
            ),
            ("stop requested", _stop_requested(detail)),
            ("running in", brief(process_of(execution.owner)) if execution.status == "running" else None),
            ("definition", f"{detail.definition.id}, drift: {describe_drift(detail.drift)}"),
            ("source", _source(detail)),
        ]
    )


def describe_drift(drift: "Drift") -> str:
    """The drift in words."""
    words = DRIFT[drift.drifted]
    return f"{words} (sha256 {brief(drift.executed, 64)})" if drift.drifted else words


def show_error(detail: "ExecutionDetail") -> None:
    """Error and stack trace, if any."""
    execution = detail.execution
    if execution.error_message:
        heading("Error")
        lines(execution.error_message)
    if execution.stack_trace and execution.stack_trace != execution.error_message:
        heading("Trace")
        lines(execution.stack_trace)


def show_parameters(detail: "ExecutionDetail") -> None:
    """Every parameter with its origin."""
    sections = {k: v for k, v in detail.execution.parameter_values.items() if k != "workflow"}
    rows = [
        (brief(name, 80), brief(value, 60), *_provenance(detail, name)) for name, value in flattened(sections)
    ]
    show_table("Parameters", ("parameter", "value", "from", "replaced"), rows)


def show_states(detail: "ExecutionDetail") -> None:
    """State events in order, with the duration of each state."""
    events = detail.events
    rows = []
    for event, following in zip(events, (*events[1:], None), strict=False):
        length = duration_text(seconds_since(event.timestamp, following.timestamp)) if following else "-"
        tick = event.event_data.get("simulation_tick")
        state = f"{event.state} / {event.substate}" if event.substate else event.state
        rows.append(
            (
                instant(event.timestamp, milliseconds=True),
                brief(tick, 20),
                brief(event.event_type, 50),
                brief(state),
                length,
            )
        )
    show_table("States", ("time (UTC)", "simulated s", "event", "state", "lasted"), rows[:EVENTS_SHOWN])
    if len(rows) > EVENTS_SHOWN or detail.more_events:
        say(
            f"The first {EVENTS_SHOWN} states. All: swf-console export {brief(detail.execution.execution_id)}"
        )


def show_metrics(detail: "ExecutionDetail") -> None:
    """Performance metrics."""
    metrics = detail.execution.performance_metrics or {}
    shown = {name: value for name, value in metrics.items() if name != "messages_by_type"}
    show_pairs("Metrics", flattened(shown))


def show_environment(detail: "ExecutionDetail") -> None:
    """Execution environment."""
    environment = detail.execution.execution_environment or {}
    shown = {name: value for name, value in environment.items() if name != "provenance"}
    show_pairs("Environment", flattened(shown))


def _workflow(detail: "ExecutionDetail") -> dict[str, Any]:
    found = detail.execution.parameter_values.get("workflow")
    return found if isinstance(found, dict) else {}


def _stop_requested(detail: "ExecutionDetail") -> str | None:
    requested = detail.execution.stop_requested_at
    return f"{instant(requested)} UTC" if requested else None


def _source(detail: "ExecutionDetail") -> str:
    source = detail.source
    if source.get("absent") or not source.get("commit"):
        return brief(source.get("absent") or "unknown")
    dirty = " (with uncommitted changes)" if source.get("dirty") else ""
    place = source.get("url") or f"{source.get('commit')} {source.get('path')}"
    return brief(place) + dirty


def _provenance(detail: "ExecutionDetail", name: str) -> tuple[str, str]:
    """The origin of a value, and the values that it replaced."""
    found = detail.provenance.get(name)
    while not isinstance(found, dict) and "." in name:
        name = name.rpartition(".")[0]
        found = detail.provenance.get(name)
    if not isinstance(found, dict):
        return "-", ""
    earlier = found.get("replaced")
    replaced = [
        f"{brief(one.get('value'), 40)} ({_place(one)})" for one in earlier or [] if isinstance(one, dict)
    ]
    return _place(found), ", ".join(replaced)


def _place(origin: dict[str, Any]) -> str:
    line = origin.get("line")
    return brief(origin.get("origin") if line is None else f"{origin.get('origin')}:{line}", 80)
