"""The summary of an execution on one page."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.style import Style

from ...backend.core.format import as_text, instant, process_of, short_duration
from ...backend.core.sanitize import brief, sanitize_lines
from ...backend.core.times import seconds_since
from ...widgets.semantic_colors import STYLES
from ..base.execution_columns import duration_text, status_cell

if TYPE_CHECKING:
    from ...backend.services.executions.queries import ExecutionDetail
    from ...viewmodels.executions.detail import RecordedExecution

Value = str | tuple[str, str] | Content
DRIFT = {
    True: ("the executed code differs from the stored definition", "watch"),
    False: ("none", "ok"),
    None: ("unknown (no code recorded)", "unknown"),
}
PROCESSED = (
    ("slices_created", "created"),
    ("slices_queued", "queued"),
    ("slices_processing", "processing"),
    ("slices_completed", "completed"),
    ("slices_failed", "failed"),
)
LABEL = 15
MOST_LINES = 100


def summary_content(recorded: "RecordedExecution") -> Content:
    """The page."""
    lines = [_line(label, part) for label, part in _fields(recorded) if part is not None]
    error = recorded.detail.execution.error_message
    if error:
        lines += [
            Content(""),
            Content.styled("Error", "bold"),
            Content.styled(sanitize_lines(error, most=MOST_LINES, longest=1000), "$text-error"),
        ]
    return Content("\n").join(lines)


def _line(label: str, part: "Value") -> Content:
    return Content.assemble((f"{label:<{LABEL}}", STYLES["unknown"]), part)


def _fields(recorded: "RecordedExecution") -> "Iterator[tuple[str, Value | None]]":
    detail, execution = recorded.detail, recorded.detail.execution
    status = status_cell(execution.status)
    reason = _of(execution.performance_metrics).get("reason")
    why = f"  ({brief(reason, 100)})" if reason not in (None, execution.status) else ""
    yield "status", Content.assemble((status.text, STYLES[status.color]), why)
    yield "workflow", brief(f"{execution.workflow_name} {execution.version}")
    yield "configuration", _known(_of(execution.parameter_values.get("workflow")).get("configuration"))
    yield "namespace", brief(execution.namespace or "-")
    yield "user", brief(execution.executed_by)
    yield "run number", None if detail.run_number is None else str(detail.run_number)
    yield "started", _instant(execution.start_time)
    yield "ended", _instant(execution.end_time) if execution.end_time else None
    yield "duration", duration_text(execution)
    yield "STFs", stfs_of(detail)
    yield "stop requested", _stop_requested(recorded)
    running = execution.status == "running"
    yield "running in", brief(process_of(execution.owner), 120) if running and execution.owner else None
    yield "messages", messages_of(detail)
    yield from _processing(recorded)
    yield "drift", _drift(detail)
    yield "source", source_link(detail)


def stfs_of(detail: "ExecutionDetail") -> str | None:
    """The number of STFs sent, and the configured number."""
    metrics = _of(detail.execution.performance_metrics)
    sent = metrics.get("stf_count", detail.messages_by_type.get("stf_gen"))
    wanted = next(
        (
            section["stf_count"]
            for section in detail.execution.parameter_values.values()
            if isinstance(section, dict) and section.get("stf_count")
        ),
        None,
    )
    if sent is None:
        return None
    return brief(f"{as_text(sent)} of {as_text(wanted)}" if wanted else as_text(sent), 60)


def messages_of(detail: "ExecutionDetail") -> str:
    """Its messages by type, most frequent first."""
    ordered = sorted(detail.messages_by_type.items(), key=lambda pair: (-pair[1], pair[0]))
    total = sum(detail.messages_by_type.values())
    types = ", ".join(f"{brief(name, 40)} {count:,}" for name, count in ordered)
    return f"{total:,}: {types}" if types else "none"


def _processing(recorded: "RecordedExecution") -> "Iterator[tuple[str, Value | None]]":
    """Slices by status, and workers, where there are any."""
    state = recorded.run_state
    if state and (state.slices_created or state.target_worker_count or state.stf_samples_received):
        yield "slices", ", ".join(f"{getattr(state, field):,} {word}" for field, word in PROCESSED)
        yield "workers", f"{state.active_worker_count:,} of {state.target_worker_count:,}"


def source_link(detail: "ExecutionDetail") -> Content:
    """The source of the code, with a link to the commit."""
    source = detail.source
    commit, url = source.get("commit"), source.get("url")
    if source.get("absent") or not commit:
        return Content(brief(source.get("absent") or "unknown"))
    words = f"{brief(str(commit)[:12])} {brief(source.get('path') or '')}"
    dirty = " (uncommitted changes)" if source.get("dirty") else ""
    link = Style(link=url, underline=True) if _is_safe_url(url) else ""
    return Content.assemble((words, link), (dirty, STYLES["watch"]))


# the URL is written into an escape sequence (OSC 8), which a control character in it would end
def _is_safe_url(url: object) -> bool:
    return (
        isinstance(url, str)
        and url.startswith("https://")
        and url.isascii()
        and url.isprintable()
        and " " not in url
    )


def _drift(detail: "ExecutionDetail") -> Content:
    words, color = DRIFT[detail.drift.drifted]
    return Content.assemble((words, STYLES[color]))  # type: ignore[index]


def _instant(moment: datetime) -> str:
    ago = seconds_since(moment)
    recent = f"  ({short_duration(ago)} ago)" if 60 <= ago < 172_800 else ""
    return f"{instant(moment)} UTC{recent}"


def _stop_requested(recorded: "RecordedExecution") -> str | None:
    requested = recorded.detail.execution.stop_requested_at
    if requested is None:
        return None
    who = f"by {brief(recorded.stopped_by, 60)}" if recorded.stopped_by else "not from a console of this home"
    return f"{_instant(requested)}, {who}"


def _known(value: Any) -> str | None:
    return None if value is None else brief(as_text(value), 120)


def _of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
