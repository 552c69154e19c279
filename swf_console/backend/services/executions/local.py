"""Executions in this process: one engine for all, opened with the first execution."""

import threading
import time

from ...core.errors import Refused
from ...core.logs import log_to_file
from ...core.settings import Settings
from .engine import Engine
from .execution import RunningExecution
from .progress import EndedExecution, LocalExecution
from .request import RunRequest, prepare
from .watchdog import new_owner_id


class LocalExecutions:
    """`start`, `stop` and `close` block; `live` and `take_ended` do not.

    `owner` holds their leases: the watchdog of this process closes them if it is killed.
    """

    def __init__(self, settings: Settings, owner: str = "") -> None:
        self._settings = settings
        self._owner = owner or new_owner_id(settings)
        self._engine: Engine | None = None
        self._closed = False
        self._started: dict[str, tuple[RunningExecution, float]] = {}
        self._ended: list[EndedExecution] = []
        self._lock = threading.Lock()
        self._opening = threading.Lock()

    def start(self, request: RunRequest) -> str:
        """Start an execution and return its id.

        Raises a UsageError or BackendUnreachable; after `close` Refused.
        """
        prepared = prepare(self._settings, request)
        live = self._opened().start(prepared)
        with self._lock:
            self._started[live.execution_id] = live, time.monotonic()
        threading.Thread(
            target=self._watch, args=(live,), name=f"end of {live.execution_id}", daemon=True
        ).start()
        return live.execution_id

    def live(self) -> list[LocalExecution]:
        """The running executions of this process, oldest first."""
        with self._lock:
            running = list(self._started.values())
        return [_run_of(live, started) for live, started in running]

    def stop(self, execution_id: str, reason: str = "stopped") -> bool:
        """Request the end of an execution; False if this process does not run it."""
        engine = self._engine
        return engine.stop(execution_id, reason) if engine else False

    def take_ended(self) -> list[EndedExecution]:
        """The executions that ended since the last call."""
        with self._lock:
            ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Stop the running executions and close broker and database; afterwards none can be started."""
        with self._opening:
            self._closed = True
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def _opened(self) -> Engine:
        with self._opening:
            if self._closed:
                raise Refused("the console is ending")
            if self._engine is None:
                log_to_file(self._settings.logs_dir / "runs.log")
                self._engine = Engine(self._settings, self._owner)
            return self._engine

    def _watch(self, live: RunningExecution) -> None:
        live.done.wait()
        outcome = live.outcome
        ended = EndedExecution(live.execution_id, outcome.status, outcome.reason, outcome.error_message)
        with self._lock:
            del self._started[live.execution_id]
            self._ended.append(ended)


def _run_of(live: RunningExecution, started: float) -> LocalExecution:
    prepared = live.prepared
    return LocalExecution(
        execution_id=live.execution_id,
        configuration=prepared.composition.configuration,
        namespace=prepared.namespace,
        realtime=prepared.realtime,
        stf_count=live.stf_count,
        planned=prepared.composition.parameters.get("stf_count") or None,
        run_number=live.run_number,
        seconds=time.monotonic() - started,
        stopping=live.stop.reason or "" if live.stop.is_set else "",
    )
