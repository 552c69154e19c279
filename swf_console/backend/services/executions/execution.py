"""One execution in this process: its records, its thread, and the one status that it ends with."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ...config.list import workflow_defaults, workflow_schema
from ...core.errors import Refused, SwfError
from ...core.logs import execution_id as logged_execution_id
from ...database import Connection, definitions, executions, messages, namespaces, sequences
from ...database.connection.engine import server_time
from ...database.records.workflows import NewDefinition, NewExecution
from ...message_mapping import incoming_row
from ...messaging.message import IncomingMessage
from ...simulation.clocks import FastClock, RealtimeClock
from ...simulation.execution import ExecutionOutcome, Simulation, executor_config
from ...simulation.execution_environment import execution_environment
from ...simulation.metrics import performance_metrics
from ...simulation.ports import (
    ExecutionClosed,
    ExecutionIdentity,
    StopSignal,
)
from ...simulation.workflow_thread import (
    ABANDON_SECONDS,
    INTERRUPT_SECONDS,
    note_abandoned,
)
from .leases import LEASE_LOST
from .ports import EngineContext, ExecutionPorts
from .registration import agent_type
from .request import Prepared

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
STOP_DELIVERY_SECONDS = 10.0
# a process has ended 15 s after the stop request: 10 s until the workflow is abandoned, 3 s for its end
ABANDONED_SECONDS = 3.0
OVERDUE_SECONDS = ABANDON_SECONDS + ABANDONED_SECONDS
INTERRUPT_POLL_SECONDS = 0.1


REQUESTS = uuid.UUID("0b8d7c1e-9f52-4f0a-8d0c-6a1f6f1a7c55")


class AlreadyStarted(Refused):
    """The command was delivered or sent a second time; it is executed only once."""


@dataclass(frozen=True, slots=True)
class StartCommand:
    """The message that requests an execution; of those with the same request id one is executed."""

    message: IncomingMessage
    namespace: str
    request_id: str | None = None

    @property
    def claim_id(self) -> str:
        """The id of the row that says that it was executed."""
        if self.request_id is None:
            return self.message.id
        return claim_id(self.namespace, self.request_id)


def claim_id(namespace: str, request_id: str) -> str:
    """The message id of the row by which a request is executed once in its namespace."""
    return str(uuid.uuid5(REQUESTS, f"{namespace}:{request_id}"))


class RunningExecution:
    """An execution in a thread of this process. `done` is set when its end is recorded.

    A stop is a request first. Workflow code that has not yielded after 5 s is interrupted by an exception in
    its thread; after 10 s it is abandoned: the thread that watches the stop then records the end, and the
    ports refuse every further call of the workflow.
    """

    def __init__(self, context: EngineContext, prepared: Prepared, command: StartCommand | None) -> None:
        self._context, self._command = context, command
        self.prepared = prepared
        self.stop = StopSignal(self._watch_stop)
        self.done = threading.Event()
        self.lost = False
        self._finishing = False
        self._simulated = threading.Event()
        # guards _ended_by: exactly one thread records the end, that of the workflow or that of the stop
        self._ending = threading.Lock()
        self._ended_by: threading.Thread | None = None
        self._workflow_thread: threading.Thread | None = None
        self._on_end: Callable[[RunningExecution], None] = lambda _: None
        self.outcome = ExecutionOutcome("failed", "failed", error_message="ended without an outcome")
        self.metrics: dict[str, Any] = {}
        self.execution_id, self.sender = self._open()
        self._ports = ExecutionPorts(context, prepared.composition.parameters, self.stop)
        self._simulation = self._new_simulation()
        context.outbox.fence(self.execution_id)

    @property
    def stf_count(self) -> int:
        """STFs sent so far."""
        return self._ports.stf_count

    @property
    def run_number(self) -> int | None:
        """The DAQ run number, once taken from the sequence."""
        return self._ports.run_number

    def begin(self, on_end: Callable[["RunningExecution"], None]) -> None:
        """Run in its own thread; `on_end` is called when the end is recorded."""
        self._on_end = on_end
        self._workflow_thread = threading.Thread(target=self._run, name=self.execution_id, daemon=True)
        self._workflow_thread.start()

    def lose(self) -> None:
        """Another process has closed it: refuse the workflow's calls, discard what is not sent, and fail."""
        if self.lost or self._finishing:
            return  # while the end is recorded, that transaction decides which process owns it
        self.lost = True
        # the stop comes first: it ends a send that waits for room and holds the ports' lock
        self.stop.request("lease lost", error=LEASE_LOST)
        self._ports.close(ExecutionClosed(LEASE_LOST))
        self._context.outbox.discard(self.execution_id)
        self._context.publisher.drop(self.execution_id)

    def _open(self) -> tuple[str, str]:
        """Write namespace, definition, execution and its agent; returns the execution's id and the sender."""
        database, settings, request = self._context.database, self._context.settings, self.prepared.request
        workflow = self.prepared.code.name
        with database.write() as connection:
            number = sequences.next_execution_number(connection)
        execution_id = f"{workflow}-{settings.user}-{number:04d}"
        sender = self._context.registration.register(agent_type(workflow), self.prepared.namespace)
        with database.write() as connection:
            if self._command:
                _claim_command(connection, self._command)
            namespaces.ensure(connection, self.prepared.namespace, settings.user)
            definition = definitions.ensure(connection, self._definition())
            started = server_time(connection)
            executions.insert(
                connection,
                NewExecution(
                    execution_id=execution_id,
                    workflow_definition_id=definition.id,
                    namespace=self.prepared.namespace,
                    parameter_values=self.prepared.composition.stored(),
                    executed_by=request.executed_by or settings.user,
                    start_time=started,
                    execution_environment=self._environment(),
                    owner=self._context.owner,
                    lease_expires_at=started + timedelta(seconds=settings.lease_seconds),
                ),
            )
        self._context.registration.working(workflow)
        return execution_id, sender

    def _definition(self) -> NewDefinition:
        composition, workflows_dir = self.prepared.composition, self._context.settings.workflows_dir
        workflow = composition.workflow_name
        return NewDefinition(
            workflow_name=workflow,
            version=composition.version,
            workflow_type=composition.workflow_type,
            definition=self.prepared.code.source,
            parameter_values={
                "schema": workflow_schema(workflows_dir, workflow),
                "defaults": workflow_defaults(workflows_dir, workflow),
                # of the first use: a definition never changes once it is stored
                "source": asdict(self.prepared.source.result()),
                "configuration": composition.stored(),
            },
            created_by=self._context.settings.user,
        )

    def _environment(self) -> dict[str, Any]:
        context, prepared = self._context, self.prepared
        request_id = self._command.request_id if self._command else None
        return {
            **execution_environment(
                prepared.code,
                prepared.source.result(),
                user=context.settings.user,
                broker=context.broker_kind,
                database=context.database.safe_url,
                host=context.settings.host,
            ),
            "realtime": prepared.realtime,
            "duration": prepared.duration,
            **({"request_id": request_id} if request_id else {}),
            "provenance": prepared.composition.stored_provenance(),
        }

    def _run(self) -> None:
        """The thread of the workflow."""
        logged_execution_id.set(self.execution_id)
        try:
            outcome = self._simulation.run()
        except BaseException as error:
            log.exception("%s: the simulation failed", self.execution_id)
            outcome = ExecutionOutcome("failed", "failed", error_message=type(error).__name__)
        if self._take_end():
            self._simulated.set()
            self._end(outcome, STOP_DELIVERY_SECONDS, self._context.settings.outage_limit)

    def _watch_stop(self) -> None:
        thread = threading.Thread(target=self._escalate, name=f"stop of {self.execution_id}", daemon=True)
        thread.start()

    def _escalate(self) -> None:
        """The thread of a stop: interrupt the workflow after 5 s, abandon it after 10 s."""
        logged_execution_id.set(self.execution_id)
        abandon_at = time.monotonic() + ABANDON_SECONDS
        if self._simulated.wait(INTERRUPT_SECONDS):
            return
        log.warning(
            "%s: the workflow has not yielded for %g s, interrupting it", self.execution_id, INTERRUPT_SECONDS
        )
        while not self._ports.interrupt(self._simulation.section) and time.monotonic() < abandon_at:
            if self._simulated.wait(INTERRUPT_POLL_SECONDS):
                return
        if self._simulated.wait(max(0.0, abandon_at - time.monotonic())) or not self._take_end():
            return
        if not self.lost:
            self._ports.close(ExecutionClosed("the execution was abandoned"))
        outcome = self._simulation.abandon(run_open=self._ports.run_open and not self.lost)
        log.error("%s: %s", self.execution_id, outcome.error_message)
        if self._workflow_thread is not None:
            note_abandoned(self._workflow_thread)
        self._end(outcome, ABANDONED_SECONDS, ABANDONED_SECONDS)
        # free the processor: the exception ends a loop that swallowed the first one
        while self._simulation.section.interrupt():
            threading.Event().wait(RETRY_SECONDS)

    def _take_end(self) -> bool:
        """Whether the calling thread is the one that records the end."""
        with self._ending:
            if self._ended_by is None:
                self._ended_by = threading.current_thread()
            return self._ended_by is threading.current_thread()

    def _end(self, outcome: ExecutionOutcome, delivery_seconds: float, record_seconds: float) -> None:
        self.outcome = outcome
        try:
            self._deliver(delivery_seconds)
            self._record_end(record_seconds)
        except Exception:
            log.exception("%s: end could not be recorded", self.execution_id)
        finally:
            self._context.publisher.forget(self.execution_id)
            try:
                self._on_end(self)
            except Exception:
                log.exception("%s: clean-up after the end failed", self.execution_id)
            self.done.set()

    def _new_simulation(self) -> Simulation:
        prepared = self.prepared
        return Simulation(
            prepared.code,
            executor_config(prepared.composition.sections, prepared.composition.parameters),
            self._ports,
            identity=ExecutionIdentity(self.execution_id, prepared.namespace, self.sender),
            clock=RealtimeClock() if prepared.realtime else FastClock(),
            stop=self.stop,
            duration=prepared.duration,
            monitor_url=self._context.settings.monitor_url or "",
        )

    def _deliver(self, patience: float) -> None:
        """Wait until the broker has confirmed every message; an outage over the limit is a failure.

        A stop during an outage waits only `patience` seconds: undelivered messages stay in the message
        table without a delivery time.
        """
        publisher, limit = self._context.publisher, self._context.settings.outage_limit
        while not publisher.wait_delivered(self.execution_id, RETRY_SECONDS):
            if publisher.oldest_unconfirmed_age() > limit:
                reason = publisher.connection_error()
                self._fail(f"messages not delivered within {limit:g} s" + (f": {reason}" if reason else ""))
                return
            if self.stop.is_set:
                patience -= RETRY_SECONDS
                if patience <= 0:
                    self._leave_undelivered(publisher.statistics(self.execution_id).undelivered)
                    return

    def _leave_undelivered(self, count: int) -> None:
        if self.outcome.status != "failed":
            earlier = f"{self.outcome.error_message}; " if self.outcome.error_message else ""
            said = f"{earlier}stopped during an outage: {count} messages not delivered"
            self.outcome = replace(self.outcome, status="terminated", reason="stopped", error_message=said)

    def _fail(self, message: str) -> None:
        if self.outcome.status == "failed":
            return
        trace = self.outcome.stack_trace or message
        self.outcome = replace(self.outcome, status="failed", error_message=message, stack_trace=trace)

    def _record_end(self, seconds: float) -> None:
        """Write the end; retried for `seconds` while the database is not reachable.

        After a stop the process ends in time all the same: another one closes the execution when its lease
        has expired.
        """
        given_up = time.monotonic() + seconds
        while True:
            try:
                self._write_end()
                return
            except SwfError as error:
                log.warning("%s: end not recorded yet, retrying: %s", self.execution_id, error)
                if time.monotonic() > given_up or self._is_overdue():
                    raise
                threading.Event().wait(RETRY_SECONDS)

    def _is_overdue(self) -> bool:
        """Whether a stop, other than that of an outage, was requested so long ago that it must end now."""
        stop = self.stop
        return stop.is_set and stop.error is None and time.monotonic() > stop.requested_at + OVERDUE_SECONDS

    def _write_end(self) -> None:
        outcome, context = self.outcome, self._context
        if not self.lost:
            context.outbox.flush()
        self.metrics = self._performance(outcome)
        self._finishing = not self.lost
        context.outbox.unfence(self.execution_id)
        with context.database.write() as connection:
            ours = executions.finish(
                connection,
                self.execution_id,
                status=outcome.status,
                end_time=datetime.now(UTC),
                performance_metrics=self.metrics,
                error_message=outcome.error_message,
                stack_trace=outcome.stack_trace,
            )
        if not ours:
            self.lost = True
            self._fail(LEASE_LOST)

    def _performance(self, outcome: ExecutionOutcome) -> dict[str, Any]:
        statistics = self._context.publisher.statistics(self.execution_id)
        return performance_metrics(
            outcome,
            publish_latency={
                "p50": statistics.latency_p50,
                "p95": statistics.latency_p95,
                "p99": statistics.latency_p99,
            },
            retries=statistics.resent,
            undelivered=statistics.undelivered,
            database_seconds=statistics.outbox_seconds,
            realtime=self.prepared.realtime,
        )


def _claim_command(connection: Connection, command: StartCommand) -> None:
    """Mark `command` as executed in this transaction; AlreadyStarted if it was executed before."""
    claim = command.claim_id
    messages.record(connection, [incoming_row(command.message)._replace(message_id=claim)])
    if not messages.acknowledge(connection, claim, command.message.received_at):
        raise AlreadyStarted(f"command {command.request_id or claim} was already executed")
