"""One execution in this process: its records, its thread, and the one status that it ends with."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from ...config.list import workflow_defaults, workflow_schema
from ...core.errors import Refused, SwfError
from ...core.logs import execution_id as logged_execution_id
from ...core.settings import Settings
from ...database import Connection, Database, definitions, executions, messages, namespaces, sequences
from ...database.connection.engine import server_time
from ...database.records.workflows import NewDefinition, NewExecution
from ...message_mapping import incoming_row
from ...messaging.message import IncomingMessage, draft
from ...messaging.publisher import PublishAborted, Publisher
from ...simulation.clocks import FastClock, RealtimeClock
from ...simulation.execution import ExecutionOutcome, executor_config, simulate
from ...simulation.execution_environment import execution_environment
from ...simulation.metrics import performance_metrics
from ...simulation.ports import ExecutionIdentity, SendAborted, StateChange, StopSignal
from .outbox import DatabaseOutbox
from .registration import Registration, agent_type
from .request import Prepared

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
STOP_DELIVERY_SECONDS = 10.0


class AlreadyStarted(Refused):
    """The command was delivered a second time; it is executed only once."""


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


class RunningExecution:
    """An execution in a thread of this process. `done` is set when its end is recorded."""

    def __init__(self, context: EngineContext, prepared: Prepared, command: IncomingMessage | None) -> None:
        self._context, self._command = context, command
        self.prepared = prepared
        self.stop = StopSignal()
        self.done = threading.Event()
        self.outcome = ExecutionOutcome("failed", "failed", error_message="ended without an outcome")
        self.metrics: dict[str, Any] = {}
        self.execution_id, self.sender = self._open()
        self._ports = ExecutionPorts(context, self)

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
        threading.Thread(target=self._run, args=(on_end,), name=self.execution_id, daemon=True).start()

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
            began = server_time(connection)
            executions.insert(
                connection,
                NewExecution(
                    execution_id=execution_id,
                    workflow_definition_id=definition.id,
                    namespace=self.prepared.namespace,
                    parameter_values=self.prepared.composition.stored(),
                    executed_by=request.executed_by or settings.user,
                    start_time=began,
                    execution_environment=self._environment(),
                    owner=self._context.owner,
                    lease_expires_at=began + timedelta(seconds=settings.lease_seconds),
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
            },
            created_by=self._context.settings.user,
        )

    def _environment(self) -> dict[str, Any]:
        context, prepared = self._context, self.prepared
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
            "provenance": prepared.composition.stored_provenance(),
        }

    def _run(self, on_end: Callable[["RunningExecution"], None]) -> None:
        logged_execution_id.set(self.execution_id)
        try:
            self.outcome = self._simulate()
            self._deliver()
            self._record_end()
        except Exception:
            log.exception("%s: end could not be recorded", self.execution_id)
        finally:
            self._context.publisher.forget(self.execution_id)
            try:
                on_end(self)
            except Exception:
                log.exception("%s: clean-up after the end failed", self.execution_id)
            self.done.set()

    def _simulate(self) -> ExecutionOutcome:
        prepared = self.prepared
        return simulate(
            prepared.code,
            executor_config(prepared.composition.sections, prepared.composition.parameters),
            self._ports,
            identity=ExecutionIdentity(self.execution_id, prepared.namespace, self.sender),
            clock=RealtimeClock() if prepared.realtime else FastClock(),
            stop=self.stop,
            duration=prepared.duration,
            monitor_url=self._context.settings.monitor_url or "",
        )

    def _deliver(self) -> None:
        """Wait until the broker has confirmed every message; an outage over the limit is a failure.

        A stop during an outage does not wait for the limit: undelivered messages stay in the message
        table without a delivery time.
        """
        publisher, limit = self._context.publisher, self._context.settings.outage_limit
        patience = STOP_DELIVERY_SECONDS
        while not publisher.wait_delivered(self.execution_id, RETRY_SECONDS):
            if publisher.oldest_unconfirmed_age() > limit:
                self._fail(f"messages not delivered within {limit:g} s")
                return
            if self.stop.is_set:
                patience -= RETRY_SECONDS
                if patience <= 0:
                    self._leave_undelivered(publisher.statistics(self.execution_id).undelivered)
                    return

    def _leave_undelivered(self, count: int) -> None:
        if self.outcome.status != "failed":
            said = f"stopped during an outage: {count} messages not delivered"
            self.outcome = replace(self.outcome, status="terminated", reason="stopped", error_message=said)

    def _fail(self, message: str) -> None:
        if self.outcome.status == "failed":
            return
        trace = self.outcome.stack_trace or message
        self.outcome = replace(self.outcome, status="failed", error_message=message, stack_trace=trace)

    def _record_end(self) -> None:
        """Write the end; retried until the outage limit while the database is not reachable."""
        given_up = time.monotonic() + self._context.settings.outage_limit
        while True:
            try:
                self._write_end()
                return
            except SwfError as error:
                log.warning("%s: end not recorded yet, retrying: %s", self.execution_id, error)
                if time.monotonic() > given_up:
                    raise
                threading.Event().wait(RETRY_SECONDS)

    def _write_end(self) -> None:
        outcome, context = self.outcome, self._context
        context.outbox.flush()
        self.metrics = self._performance(outcome)
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
            self._fail("lease lost: another process closed this execution")

    def _performance(self, outcome: ExecutionOutcome) -> dict[str, Any]:
        figures = self._context.publisher.statistics(self.execution_id)
        return performance_metrics(
            outcome,
            publish_latency={
                "p50": figures.latency_p50,
                "p95": figures.latency_p95,
                "p99": figures.latency_p99,
            },
            retries=figures.resent,
            undelivered=figures.undelivered,
            database_seconds=figures.outbox_seconds,
            realtime=self.prepared.realtime,
        )


def _claim_command(connection: Connection, command: IncomingMessage) -> None:
    """Mark `command` as executed in this transaction; AlreadyStarted if it was executed before."""
    messages.record(connection, [incoming_row(command)])
    if not messages.acknowledge(connection, command.id, command.received_at):
        raise AlreadyStarted(f"command {command.id} was already executed")


class ExecutionPorts:
    """The broker and the database as the simulation of one execution sees them."""

    planning: ClassVar[bool] = False

    def __init__(self, context: EngineContext, live: RunningExecution) -> None:
        self._context, self._live = context, live
        self.stf_count = 0
        self.run_number: int | None = None

    def send(self, destination: str, content: dict[str, Any], tick: float, *, closing: bool = False) -> None:  # noqa: ARG002
        """Hand a message to the publisher; Aborted where it had to wait and a stop came."""
        message = draft(destination, content)
        try:
            self._context.publisher.publish(message, abort=self._stopped, wait=not closing)
        except PublishAborted as error:
            raise SendAborted(str(error)) from error
        if content["msg_type"] == "stf_gen":
            self.stf_count += 1

    def next_run_number(self) -> int:
        """Take the next DAQ run number."""
        with self._context.database.write() as connection:
            self.run_number = sequences.next_run_number(connection)
        return self.run_number

    def record_state(self, event: StateChange) -> None:
        """Keep a transition for the next transaction."""
        self._context.outbox.note(event, self._live.prepared.composition.parameters)

    def _stopped(self) -> bool:
        return self._live.stop.is_set
