"""Executions in the console's own process: one engine for all of them, opened with the first."""

import threading
import time
from dataclasses import dataclass

from ...backend.core.logs import log_to_file
from ...backend.core.settings import Settings
from ...backend.services.executions.engine import Engine
from ...backend.services.executions.execution import RunningExecution
from ...backend.services.executions.request import RunRequest, prepare
from ...backend.services.executions.watchdog import new_owner_id


@dataclass(frozen=True, slots=True)
class LocalRun:
    """One execution as far as it has come; `planned` STFs are None where nothing limits them."""

    execution_id: str
    configuration: str
    namespace: str
    realtime: bool
    stf_count: int
    planned: int | None
    run_number: int | None
    seconds: float
    stopping: str = ""

    @property
    def progress(self) -> float | None:
        """From 0 to 1; None where there is no end in sight."""
        return min(1.0, self.stf_count / self.planned) if self.planned else None


@dataclass(frozen=True, slots=True)
class EndedRun:
    """How an execution of this process ended."""

    execution_id: str
    status: str
    reason: str
    error: str | None = None


class LocalRuns:
    """`start`, `stop` and `close` block; `live` and `take_ended` do not.

    `owner` holds their leases: the watchdog of this process closes them where it is killed.
    """

    def __init__(self, settings: Settings, owner: str = "") -> None:
        self._settings = settings
        self._owner = owner or new_owner_id(settings)
        self._engine: Engine | None = None
        self._began: dict[str, tuple[RunningExecution, float]] = {}
        self._ended: list[EndedRun] = []
        self._lock = threading.Lock()
        self._opening = threading.Lock()

    def start(self, request: RunRequest) -> str:
        """Begin an execution and return its id. Raises a UsageError or BackendUnreachable: nothing began."""
        prepared = prepare(self._settings, request)
        live = self._opened().start(prepared)
        with self._lock:
            self._began[live.execution_id] = live, time.monotonic()
        threading.Thread(
            target=self._watch, args=(live,), name=f"end of {live.execution_id}", daemon=True
        ).start()
        return live.execution_id

    def live(self) -> list[LocalRun]:
        """What runs here now, the oldest first."""
        with self._lock:
            running = list(self._began.values())
        return [_run_of(live, began) for live, began in running]

    def stop(self, execution_id: str, reason: str = "stopped") -> bool:
        """Ask one to end; False where it does not run here."""
        engine = self._engine
        return engine.stop(execution_id, reason) if engine else False

    def take_ended(self) -> list[EndedRun]:
        """What ended since this was asked for last."""
        with self._lock:
            ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """End what still runs, cleanly, and let go of broker and database."""
        with self._opening:
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                log_to_file(self._settings.logs_dir / "runs.log")
                self._engine = Engine(self._settings, self._owner)
            return self._engine

    def _watch(self, live: RunningExecution) -> None:
        live.done.wait()
        outcome = live.outcome
        ended = EndedRun(live.execution_id, outcome.status, outcome.reason, outcome.error_message)
        with self._lock:
            del self._began[live.execution_id]
            self._ended.append(ended)


def _run_of(live: RunningExecution, began: float) -> LocalRun:
    prepared = live.prepared
    return LocalRun(
        execution_id=live.execution_id,
        configuration=prepared.composition.configuration,
        namespace=prepared.namespace,
        realtime=prepared.realtime,
        stf_count=live.stf_count,
        planned=prepared.composition.parameters.get("stf_count") or None,
        run_number=live.run_number,
        seconds=time.monotonic() - began,
        stopping=live.stop.reason or "" if live.stop.is_set else "",
    )
