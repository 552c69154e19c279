"""The prediction and the newest run as lines, workers as rows."""

from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

from ...backend.core.format import number, plural, since
from ...backend.core.sanitize import brief
from ...widgets.key_labels import with_keys
from ...widgets.semantic_colors import Part, SemanticColor
from ...widgets.state_strip import progress_bar
from ...widgets.symbols import sparkline, symbol
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell
from ...widgets.table.short_list import Item

if TYPE_CHECKING:
    from ...viewmodels.fast_processing import CapacityForecast, FastRun, WorkerView

Line = list[Part]

WORKER_COLUMNS = (
    Column("symbol", "", 1),
    Column("worker", "WORKER", 30, least=20, grows=True),
    Column("status", "STATUS", 12, least=10),
    Column("slice", "SLICE", 6, right=True),
    Column("done", "DONE", 6, right=True),
    Column("heard", "HB", 6, right=True),
    Column("location", "LOCATION", 16, least=8),
)
COLORS: dict[str, SemanticColor] = {
    "ended": "off",
    "lost": "bad",
    "failed": "bad",
    "idle": "ok",
    "ready": "ok",
}
NO_CONFIGURATION = "testbed.toml names no configuration. Set workflow.config on Namespaces ({namespaces})"
NO_RUN = "No run with slices in this namespace yet. {launch} runs a workflow"
LEFT = 13
BAR = 20


def forecast_lines(forecast: "CapacityForecast | None", trouble: str, width: int) -> list[Line]:
    """The prediction for the configured run."""
    if forecast is None:
        problem = trouble or with_keys(NO_CONFIGURATION)
        return [[(f"{symbol('watch')} {brief(problem)}", "watch")]]
    what_if = f" with {forecast.what_if:,} workers" if forecast.what_if is not None else ""
    lines: list[Line] = [[(f"PREDICTED for {brief(forecast.configuration, 60)}{what_if}", "unknown")]]
    rates, backlog = forecast.capacity, forecast.backlog
    if rates is None or backlog is None:
        lines.append(
            [(f"{brief(forecast.configuration, 60)} configures no workers (no fast processing)", "plain")]
        )
        return lines
    keeps_up = rates.keeps_up
    used = f"{rates.utilisation:.0%}" if isfinite(rates.utilisation) else "no workers"
    color: SemanticColor = "ok" if keeps_up else "bad"
    lines += [
        _line(
            "demand",
            f"{number(rates.demand)} slices/s ({number(rates.stf_rate)} STF/s), "
            f"capacity {number(rates.capacity)} with {plural(rates.workers, 'worker')}",
        ),
        [
            *_label("utilisation"),
            *progress_bar(rates.utilisation if isfinite(rates.utilisation) else 1.0, BAR),
            (f" {used} {symbol(color)} {'keeps up' if keeps_up else 'falls behind'}", color),
            (f", {plural(rates.workers_needed, 'worker')} would be enough", "unknown"),
        ],
    ]
    drain = backlog.drain_seconds
    empty_at = "never" if drain is None else f"{number(drain)} s after end_run"
    waiting = [point.waiting for point in backlog.points]
    lines += [
        _line(
            "backlog",
            f"{backlog.slices:,} slices from {forecast.stf_count:,} STFs, peak queue {backlog.peak:,} at "
            f"{number(backlog.peak_tick)} s",
        ),
        _line("queue empty", empty_at),
        [*_label(""), (_spark(waiting, max(10, min(60, width - LEFT - 2))), "busy")],
    ]
    lines += [[(f"{symbol('watch')} {brief(warning)}", "watch")] for warning in forecast.warnings]
    return lines


def run_lines(run: "FastRun | None", forecast: "CapacityForecast | None", unknown: str = "") -> list[Line]:
    """The newest run compared with the prediction; `unknown` says why no run can be shown."""
    if run is None:
        return [
            [("ACTUAL", "unknown")],
            [(unknown or with_keys(NO_RUN), "plain")],
        ]
    state = run.state
    made, done = state.slices_created, state.slices_completed
    predicted = forecast.backlog.slices if forecast and forecast.backlog else None
    of = f" (predicted {predicted:,})" if predicted is not None else ""
    run_text = f"run {state.run_number} ({brief(state.phase, 40)})"
    name = f"{brief(run.execution_id or 'unknown execution', 60)}, {run_text}"
    lines: list[Line] = [
        [(f"ACTUAL: {name}, started {since(run.announced_at)} ago", "unknown")],
        _line("slices", f"{made:,}{of} from {plural(state.stf_samples_received, 'sample')}"),
    ]
    if made:
        lines.append([*_label("done"), *progress_bar(done / made, BAR), (f" {done:,} of {made:,}", "plain")])
    counts = (("queued", state.slices_queued), ("processing", state.slices_processing))
    lines.append(
        [
            *_label("now"),
            (", ".join(f"{count:,} {name}" for name, count in counts), "plain"),
            (f", {state.slices_failed:,} failed", "bad" if state.slices_failed else "plain"),
        ]
    )
    rate = "" if run.rate is None else f", {number(run.rate)} slices/s (last 30 s)"
    lines.append(
        _line("workers", f"{state.active_worker_count:,} of {state.target_worker_count:,} active{rate}")
    )
    return lines


def worker_item(worker: "WorkerView") -> Item:
    """A worker as a row."""
    color: SemanticColor = COLORS.get(worker.status, "busy")
    cells = (
        Cell(symbol(color), color),
        Cell(brief(worker.worker_id, 80)),
        Cell(brief(worker.status, 20), color),
        Cell("-" if worker.slice_id is None else f"{worker.slice_id:,}"),
        Cell(f"{worker.finished:,}"),
        Cell(since(worker.heard_at)),
        Cell(brief(worker.location, 40)),
    )
    return Item(worker.worker_id, cells, worker)


def _spark(values: list[int], width: int) -> str:
    """A whole curve in `width` bars, each as high as the highest value it stands for."""
    count = min(width, len(values))
    edges = [len(values) * n // count for n in range(count + 1)] if count else []
    # the maximum of each bar: a mean would hide a short peak
    return sparkline([max(values[low:high]) for low, high in pairwise(edges)], width)


def _line(label: str, text: str) -> Line:
    return [*_label(label), (text, "plain")]


def _label(label: str) -> Line:
    return [(f" {label:<{LEFT}}", "unknown")]
