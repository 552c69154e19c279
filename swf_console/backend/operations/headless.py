"""One execution without a screen, from the request to the report and its exit code."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..logs import log_to_file
from ..settings import Settings
from .guard import Guard
from .request import RunRequest, prepare

LOOK_SECONDS = 0.1
INTERRUPTED = 130
TIMED_OUT = 4

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


class Headless:
    """`swf-console --run`. `interrupt` may be called from a signal handler.

    `warn` is told of what is odd in the request before anything begins.
    """

    def __init__(
        self, settings: Settings, request: RunRequest, *, warn: Callable[[str], None] | None = None
    ) -> None:
        self._settings, self._request, self._warn = settings, request, warn
        self._interrupted = threading.Event()
        self._signal = ""
        self._timed_out = False

    def interrupt(self, signal_name: str) -> None:
        """End the execution cleanly, as soon as there is one."""
        self._signal = signal_name
        self._interrupted.set()

    def run(self, *, timeout: float | None = None, progress: Progress | None = None) -> Report:
        """Run the execution to its end. Raises UsageError or BackendUnreachable where it could not begin."""
        from .owners import new_owner

        owner = new_owner(self._settings)
        guard = Guard(self._settings, owner)
        try:
            return self._run(owner, timeout, progress)
        finally:
            guard.dismiss()

    def _run(self, owner: str, timeout: float | None, progress: Progress | None) -> Report:
        prepared = prepare(self._settings, self._request)
        if self._warn:
            for warning in prepared.composition.warnings:
                self._warn(warning)
        log_to_file(self._settings.logs_dir / "runs.log")
        from .engine import Engine

        with Engine(self._settings, owner) as engine:
            live = engine.start(prepared)
            deadline = time.monotonic() + timeout if timeout else None
            while not live.done.wait(LOOK_SECONDS):
                if progress:
                    progress(live.stf_count, prepared.composition.parameters.get("stf_count") or None)
                if self._interrupted.is_set():
                    live.stop.request(self._signal)
                if deadline and time.monotonic() > deadline:
                    self._timed_out = True
                    live.stop.request("timeout")
        return Report(
            execution_id=live.execution_id,
            status=live.outcome.status,
            reason=live.outcome.reason,
            run_id=str(live.run_number) if live.run_number else None,
            namespace=prepared.namespace,
            workflow=prepared.code.name,
            configuration=prepared.composition.configuration,
            exit_code=self._exit_code(live.outcome.status),
            error_message=live.outcome.error_message,
            performance_metrics=live.metrics,
            warnings=prepared.composition.warnings,
        )

    def _exit_code(self, status: str) -> int:
        if status == "completed":
            return 0
        if self._timed_out:
            return TIMED_OUT
        return 1 if status == "failed" else INTERRUPTED
