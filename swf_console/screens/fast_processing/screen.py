"""The Fast processing screen: prediction, newest run, slices and workers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Container

from ...viewmodels.fast_processing import FastProcessingMonitor
from ...widgets.key_labels import with_keys
from ...widgets.table.columns import Column
from ...widgets.table.short_list import ShortList
from ...widgets.tail.line_view import Lines
from ...widgets.text.notice import Notice
from ..base.outages import database_notice, unknown_because
from ..base.prompt import Prompt
from ..base.screen import ListScreen
from .rows import WORKER_COLUMNS, forecast_lines, run_lines, worker_item

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.fast_processing import FastProcessingSnapshot

STEP = 0.1

NO_WORKER = "No worker has reported. Start the slice-worker program on Agents ({agents})"


class FastProcessingScreen(ListScreen["FastProcessingSnapshot"]):
    """The prediction beside the newest run, and the workers below."""

    screen_name: ClassVar[str] = "fast_processing"
    columns: ClassVar[Sequence[Column]] = WORKER_COLUMNS
    help_text: ClassVar[str] = (
        "PREDICTED is computed from the configuration that testbed.toml names: slices created and slices "
        "finished. {fast_processing.more_workers} and {fast_processing.fewer} predict with more or fewer "
        "workers, {fast_processing.as_configured} with the configured number; this changes no "
        "configuration. ACTUAL is the newest run with slices."
    )
    DEFAULT_CSS = """
    FastProcessingScreen {
        & > #fast-parts { height: auto; layout: vertical; }
        & #fast-forecast { height: 6; }
        & #fast-run { height: 6; border-top: solid $panel; }
        & > #fast-workers { height: 1fr; border-top: solid $panel; }
        &.-wide > #fast-parts { layout: horizontal; height: 40%; min-height: 10; }
        &.-wide #fast-forecast { width: 1fr; height: 100%; }
        &.-wide #fast-run { width: 1fr; height: 100%; border-top: none; border-left: solid $panel; }
    }
    """

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(context)
        self._monitor: FastProcessingMonitor | None = None
        self._workers: int | None = None
        self.snapshot: FastProcessingSnapshot | None = None

    def compose(self) -> ComposeResult:
        """Prediction, run, workers."""
        yield Notice(identity="fast-notice")
        with Container(id="fast-parts"):
            yield Lines(identity="fast-forecast", wrap=True)
            yield Lines(identity="fast-run", wrap=True)
        yield Prompt()
        yield ShortList(WORKER_COLUMNS, identity="fast-workers", empty="Loading ...")

    @property
    def forecast(self) -> Lines:
        """The prediction for the configured run."""
        return self.query_one("#fast-forecast", Lines)

    @property
    def run_view(self) -> Lines:
        """The newest run."""
        return self.query_one("#fast-run", Lines)

    @property
    def listing(self) -> ShortList:
        """The workers of that run."""
        return self.query_one("#fast-workers", ShortList)

    def _read(self) -> "FastProcessingSnapshot":
        if self._monitor is None:
            self._monitor = FastProcessingMonitor(self.context)
        return self._monitor.snapshot(self._workers)

    def _show(self, snapshot: "FastProcessingSnapshot") -> None:
        previous = self.snapshot.run if self.snapshot else None
        self.snapshot = snapshot
        self.query_one(Notice).say(database_notice(self.context, snapshot.database_trouble))
        stale = bool(snapshot.database_trouble)
        self.run_view.stale = self.listing.stale = stale
        self.forecast.stale = False
        self.forecast.show(
            forecast_lines(snapshot.forecast, snapshot.forecast_trouble, self.forecast.size.width)
        )
        # the forecast needs no database: it stays bright while the run is dimmed
        run = previous if stale else snapshot.run
        unknown = f"Not known: {unknown_because(self.context, 'db')}" if stale else ""
        self.run_view.show(run_lines(run, snapshot.forecast, unknown))
        self.listing.set_empty_text(with_keys(NO_WORKER))
        if not stale:
            self.listing.show([worker_item(worker) for worker in run.workers] if run else [])

    @property
    def stale_parts(self) -> Sequence[ShortList | Lines]:
        """Everything on the screen."""
        return self.forecast, self.run_view, self.listing

    def action_workers(self, direction: int) -> None:
        """Predict with a tenth more or fewer workers; 0 means the configured number."""
        forecast = self.snapshot.forecast if self.snapshot else None
        if forecast is None or forecast.capacity is None:
            return
        now = self._workers if self._workers is not None else forecast.capacity.workers
        step = max(1, round(now * STEP))
        self._workers = max(1, now + direction * step) if direction else None
        self.poll.now()

    def copy_text(self, what: str) -> str | None:
        """The prediction as text, or its command line."""
        forecast = self.snapshot.forecast if self.snapshot else None
        if forecast is None:
            return None
        what_if = f" --workers {self._workers}" if self._workers is not None else ""
        texts = {"command": f"swf-console plan {forecast.configuration}{what_if}", "row": self.forecast.text}
        return texts.get(what)
