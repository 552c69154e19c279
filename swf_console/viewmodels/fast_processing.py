"""Fast processing: a forecast for the configured run, and the last run's slices and workers."""

import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from ..backend.config.overrides import Override
from ..backend.core.errors import SwfError
from ..backend.database import Database, messages, runs, workers
from ..backend.database.records.messages import MessageFilter
from ..backend.database.records.processing import Worker
from ..backend.database.records.workflows import RunState
from ..backend.services.executions.forecast import predict
from ..backend.services.executions.request import RunRequest, configured, testbed_of
from ..backend.simulation.backlog_model import Backlog
from ..backend.simulation.capacity import Capacity
from .config_files import fingerprint_of
from .context import ConsoleContext

MAX_RUNS = 20
WORKERS_SHOWN = 500
RATE_SECONDS = 30.0
WHAT_IF = "what if"


@dataclass(frozen=True, slots=True)
class CapacityForecast:
    """The forecast of a run. `capacity` is None if the configuration has no workers."""

    configuration: str
    capacity: Capacity | None
    backlog: Backlog | None
    stf_count: int
    simulated_seconds: float
    warnings: tuple[str, ...]
    what_if: int | None = None


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker as it last reported; `slice_id` is the slice that it processes."""

    worker_id: str
    status: str
    slice_id: int | None
    finished: int
    heard_at: datetime | None
    location: str


@dataclass(frozen=True, slots=True)
class FastRun:
    """The newest run with slices or workers; `rate` is slices finished per second in the last 30 s."""

    execution_id: str
    state: RunState
    announced_at: datetime
    workers: tuple[WorkerView, ...]
    rate: float | None


@dataclass(frozen=True, slots=True)
class FastProcessingSnapshot:
    """Everything on the screen; the troubles say why something is unknown."""

    forecast: CapacityForecast | None
    forecast_trouble: str
    run: FastRun | None
    database_trouble: str


class FastProcessingMonitor:
    """Reads the run, and predicts it again when a file of the workflows has changed. Not thread-safe."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self._predicted: tuple[object, CapacityForecast | None, str] | None = None
        self._finished: deque[tuple[float, int, int]] = deque()

    def snapshot(self, workers: int | None = None) -> FastProcessingSnapshot:
        """Predict and read; blocks. What cannot be read is reported in the troubles, not raised.

        `workers` replaces the configured number of workers.
        """
        forecast, trouble = self._forecast(workers)
        run, database_trouble = None, ""
        try:
            run = self._run(self._context.database())
        except SwfError as error:
            database_trouble = str(error)
        return FastProcessingSnapshot(forecast, trouble, run, database_trouble)

    def _forecast(self, workers: int | None) -> tuple[CapacityForecast | None, str]:
        key = (workers, fingerprint_of(self._context.settings))
        if self._predicted is None or self._predicted[0] != key:
            try:
                self._predicted = (key, self._predict(workers), "")
            except SwfError as error:
                self._predicted = (key, None, str(error))
        return self._predicted[1:]

    def _predict(self, workers: int | None) -> CapacityForecast | None:
        settings = self._context.settings
        name = configured(testbed_of(settings))
        if not name:
            return None
        overrides = () if workers is None else (Override("target_worker_count", workers, WHAT_IF),)
        found = predict(settings, RunRequest(configuration=name, overrides=overrides))
        plan = found.plan
        return CapacityForecast(
            name,
            plan.capacity,
            plan.backlog,
            plan.stf_count,
            plan.schedule.end,
            found.warnings,
            workers,
        )

    def _run(self, database: Database) -> FastRun | None:
        with database.read() as connection:
            for state in runs.states(connection, limit=MAX_RUNS).items:
                if not (state.target_worker_count or state.slices_created):
                    continue
                wanted = MessageFilter(
                    run_id=str(state.run_number),
                    message_type="run_imminent",
                    namespace=self._context.namespace,
                )
                announced = messages.page(connection, wanted, limit=1).items
                if announced:
                    found = workers.page(connection, state.run_number, limit=WORKERS_SHOWN)
                    return FastRun(
                        announced[0].execution_id or "",
                        state,
                        announced[0].sent_at,
                        tuple(map(_worker, found.items)),
                        self._rate(state),
                    )
        return None

    def _rate(self, state: RunState) -> float | None:
        """Slices finished per second in the last 30 s, or since the run is read."""
        now = time.monotonic()
        if self._finished and self._finished[0][2] != state.run_number:
            self._finished.clear()
        self._finished.append((now, state.slices_completed, state.run_number))
        while now - self._finished[0][0] > RATE_SECONDS:
            self._finished.popleft()
        started, before, _ = self._finished[0]
        return (state.slices_completed - before) / (now - started) if now - started > 1 else None


def _worker(row: Worker) -> WorkerView:
    return WorkerView(
        row.worker_id,
        row.status,
        row.current_slice_id,
        row.slices_completed,
        row.last_heartbeat,
        row.location,
    )
