"""The interface of an execution to broker and database, and the values passed through it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

SHORT_WAIT = 0.025  # seconds

Reason = Literal["completed", "stopped", "duration", "failed"]


@dataclass(frozen=True, slots=True)
class ExecutionIdentity:
    """Fields that are set in every message of an execution; a workflow cannot change them."""

    execution_id: str
    namespace: str
    sender: str


@dataclass(frozen=True, slots=True)
class StateChange:
    """A transition of the DAQ; `event_type` is the msg_type of its message, else `state_change`."""

    timestamp: datetime
    run_number: int
    event_type: str
    state: str
    substate: str | None
    event_data: dict[str, Any] = field(default_factory=dict)


class SendAborted(BaseException):
    """Raised by `SimulationPorts.send` if a stop was requested while the send had to wait.

    Not an Exception, so that a workflow's `except Exception` does not treat a stop as a failed send.
    """


class SimulationPorts(Protocol):
    """The broker and the database for an execution. Their exceptions fail the execution."""

    @property
    def planning(self) -> bool:
        """Whether this is a dry run, which sends and records nothing."""

    def send(self, destination: str, content: dict[str, Any], tick: float, *, closing: bool = False) -> None:
        """Send a message and set its timestamp; TypeError or ValueError if it is not JSON.

        May block while too many messages are pending, and raises SendAborted if a stop is requested
        meanwhile, except for `closing`: messages that are sent although the execution was stopped.
        """

    def next_run_number(self) -> int:
        """Take the next DAQ run number of the sequence."""

    def record_state(self, event: StateChange) -> None:
        """Record a transition."""


class ExecutionClosed(SendAborted):
    """Raised by every port of an execution that was abandoned, or that another process has closed."""


class StopSignal:
    """Requests the end of an execution, from any thread. The first request counts.

    `on_request` is called once, in the thread of the first request.
    """

    def __init__(self, on_request: Callable[[], None] | None = None) -> None:
        self.on_request = on_request
        self.is_set = False
        self.reason = ""
        self.requested_at = 0.0
        self.error: str | None = None
        self._lock = threading.Lock()
        # Held until a stop is requested. Waiting for a lock costs half of Event.wait, measured at 50 Hz.
        self._gate = threading.Lock()
        self._gate.acquire()

    def request(self, reason: str = "stopped", *, error: str | None = None) -> None:
        """End the execution as `terminated`, or as `failed` with `error` (a broker that stayed away)."""
        with self._lock:
            if self.is_set:
                return
            self.reason, self.error, self.requested_at = reason, error, time.monotonic()
            self.is_set = True
        self._gate.release()
        if self.on_request is not None:
            self.on_request()

    def wait(self, seconds: float) -> bool:
        """Wait for a stop for at most `seconds` wall seconds; True if it was requested.

        A short wait is a plain sleep, which costs a fifth less: a stop is noticed at its end.
        """
        if seconds < SHORT_WAIT:
            time.sleep(max(0.0, seconds))
            return self.is_set
        if not self._gate.acquire(timeout=seconds):
            return self.is_set
        self._gate.release()
        return True
