"""The broker and the database for the simulation of one execution."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ...core.settings import Settings
from ...database import Database, sequences
from ...messaging.message import draft
from ...messaging.publisher import PublishAborted, Publisher
from ...simulation.ports import ExecutionClosed, SendAborted, StateChange, StopSignal
from ...simulation.workflow_thread import WorkflowCodeSection
from .outbox import DatabaseOutbox
from .registration import Registration


@dataclass(frozen=True, slots=True)
class EngineContext:
    """What the executions of a process share; `owner` holds their leases."""

    settings: Settings
    owner: str
    broker_kind: str
    database: Database
    publisher: Publisher
    outbox: DatabaseOutbox
    registration: Registration


class ExecutionPorts:
    """What the simulation of one execution sends, draws and records.

    `run_open` is true from the `run_imminent` to the `end_run` that were really handed over.
    """

    planning: ClassVar[bool] = False

    def __init__(self, context: EngineContext, parameters: Mapping[str, Any], stop: StopSignal) -> None:
        self._context, self._parameters, self._stop = context, parameters, stop
        self.stf_count = 0
        self.run_number: int | None = None
        self.run_open = False
        # held while a message is handed over: close() and interrupt() come before or after it, never within
        self._lock = threading.Lock()
        self._closed: ExecutionClosed | None = None
        self._closer = 0
        self._in_database = False

    def send(self, destination: str, content: dict[str, Any], tick: float, *, closing: bool = False) -> None:  # noqa: ARG002
        """Hand a message to the publisher; SendAborted if it had to wait and a stop was requested."""
        message = draft(destination, content)
        with self._lock:
            self._check_open()
            try:
                self._context.publisher.publish(message, abort=self._stopped, wait=not closing)
            except PublishAborted as error:
                raise SendAborted(str(error)) from error
            kind = content["msg_type"]
            if kind == "stf_gen":
                self.stf_count += 1
            elif kind == "run_imminent":
                self.run_open = True
            elif kind == "end_run":
                self.run_open = False

    def next_run_number(self) -> int:
        """Take the next DAQ run number."""
        with self._lock:
            self._check_open()
            self._in_database = True
        try:
            with self._context.database.write() as connection:
                self.run_number = sequences.next_run_number(connection)
        finally:
            self._in_database = False
        return self.run_number

    def record_state(self, event: StateChange) -> None:
        """Record a transition with the next transaction."""
        with self._lock:
            self._check_open()
            self._context.outbox.note(event, self._parameters)

    def close(self, error: ExecutionClosed) -> None:
        """Refuse every further call with `error`, except those of the calling thread."""
        with self._lock:
            self._closed, self._closer = error, threading.get_ident()

    def interrupt(self, section: WorkflowCodeSection) -> bool:
        """Interrupt the workflow's code; False if that is not possible now.

        Never while its thread hands over a message or uses the database: half of that must not be done.
        """
        with self._lock:
            return not self._in_database and section.interrupt()

    def _check_open(self) -> None:
        if self._closed is not None and threading.get_ident() != self._closer:
            raise self._closed

    def _stopped(self) -> bool:
        return self._stop.is_set
