"""One execution without a screen, from the request to the report and its exit code."""

import math
import queue
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...core.logs import log_to_file
from ...core.settings import Settings
from .request import RunRequest, prepare
from .watchdog import Watchdog, new_owner_id

if TYPE_CHECKING:
    from .execution import RunningExecution

PROGRESS_SECONDS = 0.1
INTERRUPTED = 130
TIMED_OUT = 4
LOST = 1
ENDED = "ended"
# SQLite releases the GIL at every row: another thread that took it gives it back sooner than after 5 ms
SWITCH_SECONDS = 0.0005

Progress = Callable[[float, float | None], None]


@dataclass(frozen=True, slots=True)
class Report:
    """How the execution ended; `exit_code` is the process's."""

    execution_id: str
    status: str
    reason: str
    run_id: str | None
    namespace: str
    workflow: str
    configuration: str
    exit_code: int
    error_message: str | None = None
    performance_metrics: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class HeadlessRun:
    """`swf-console --run`. `interrupt` may be called from a signal handler.

    `warn` is called with the warnings of the request before anything starts.
    """

    def __init__(
        self, settings: Settings, request: RunRequest, *, warn: Callable[[str], None] | None = None
    ) -> None:
        self._settings, self._request, self._warn = settings, request, warn
        # a signal handler may put into it while this very thread waits for it
        self._calls: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._timed_out = False

    def interrupt(self, signal_name: str) -> None:
        """End the execution cleanly, as soon as there is one."""
        self._calls.put(signal_name)

    def run(self, *, timeout: float | None = None, progress: Progress | None = None) -> Report:
        """Run the execution to its end. Raises UsageError or BackendUnreachable if it cannot start."""
        owner = new_owner_id(self._settings)
        watchdog = Watchdog(self._settings, owner)
        try:
            return self._run(owner, timeout, progress)
        finally:
            watchdog.dismiss()

    def _run(self, owner: str, timeout: float | None, progress: Progress | None) -> Report:
        prepared = prepare(self._settings, self._request)
        if self._warn:
            for warning in prepared.composition.warnings:
                self._warn(warning)
        log_to_file(self._settings.logs_dir / "runs.log")
        sys.setswitchinterval(SWITCH_SECONDS)
        from .engine import Engine

        with Engine(self._settings, owner, on_end=lambda _: self._calls.put(ENDED)) as engine:
            live = engine.start(prepared)
            self._await_end(live, timeout, progress)
        return Report(
            execution_id=live.execution_id,
            status=live.outcome.status,
            reason=live.outcome.reason,
            run_id=str(live.run_number) if live.run_number else None,
            namespace=prepared.namespace,
            workflow=prepared.code.name,
            configuration=prepared.composition.configuration,
            exit_code=LOST if live.lost else self._exit_code(live.outcome.status),
            error_message=live.outcome.error_message,
            performance_metrics=live.metrics,
            warnings=prepared.composition.warnings,
        )

    def _await_end(self, live: "RunningExecution", timeout: float | None, progress: Progress | None) -> None:
        """Wait for the end, a signal or the timeout; only a progress bar needs to be updated in between."""
        total = live.prepared.composition.parameters.get("stf_count") or None
        ends_at = time.monotonic() + timeout if timeout else math.inf
        update = PROGRESS_SECONDS if progress else math.inf
        while (call := self._next_call(min(update, ends_at - time.monotonic()))) != ENDED:
            if call:
                live.stop.request(call)
            if progress:
                progress(live.stf_count, total)
            if time.monotonic() >= ends_at:
                self._timed_out, ends_at = True, math.inf
                live.stop.request("timeout")
        live.done.wait()

    def _next_call(self, seconds: float) -> str:
        """A signal's name or ENDED; empty where neither came in time."""
        try:
            return self._calls.get(timeout=None if math.isinf(seconds) else max(0.0, seconds))
        except queue.Empty:
            return ""

    def _exit_code(self, status: str) -> int:
        if status == "completed":
            return 0
        if self._timed_out:
            return TIMED_OUT
        return 1 if status == "failed" else INTERRUPTED
