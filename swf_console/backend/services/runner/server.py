"""The persistent runner: an agent that executes the commands of its namespace from the control queue."""

import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ...core.destinations import CONTROL_QUEUE
from ...core.errors import BackendUnreachable, ErrorReport, Refused, SwfError, UsageError
from ...core.log_limit import LogLimit
from ...core.settings import Settings
from ...database import executions
from ...messaging.message import IncomingMessage, make
from ...messaging.subscriber import Subscriber
from ...messaging.subscription import SubscriptionSpec
from ..executions.engine import Engine
from ..executions.execution import AlreadyStarted, StartCommand
from ..executions.recovery import close_expired
from ..executions.registration import IDLE_TYPE, agent_type
from ..executions.request import prepare
from ..executions.watchdog import new_owner_id
from . import protocol
from .protocol import Command, named_namespace

log = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
REMEMBERED = timedelta(hours=24)
SUBSCRIBE_SECONDS = 10.0


class RunnerAgent:
    """Serves one namespace until stop(); several executions may run at the same time."""

    def __init__(self, settings: Settings, namespace: str, owner: str | None = None) -> None:
        self._settings, self.namespace = settings, namespace
        self._ended = threading.Event()
        self._limit = LogLimit()
        self._engine = Engine(settings, owner or new_owner_id(settings))
        self.name = self._engine.registration.register(IDLE_TYPE, namespace)
        self._subscriber = Subscriber(
            self._engine.connection,
            # other senders set no namespace header: their commands are read, and sent again if not ours
            SubscriptionSpec(CONTROL_QUEUE, selector=f"namespace = '{namespace}' OR namespace IS NULL"),
            self._handle,
        )

    def serve(self) -> None:
        """Execute commands until stopped; close executions of dead processes."""
        try:
            self._engine.registration.ready()
            self._subscriber.start()
            self._subscriber.wait_subscribed(SUBSCRIBE_SECONDS)
            log.info("%s serves namespace %s", self.name, self.namespace)
            while not self._ended.wait(SWEEP_SECONDS):
                self._sweep()
        finally:
            self._subscriber.close()
            self._engine.close()

    def stop(self) -> None:
        """Terminate the running executions, register EXITED, and return from serve()."""
        self._ended.set()

    def _sweep(self) -> None:
        try:
            for recovered in close_expired(self._engine.database):
                log.warning("%s: closed, its process stopped responding", recovered.execution_id)
                for message in recovered.to_send:
                    self._engine.publisher.publish(message)
        except SwfError as error:
            log.warning("expired executions could not be checked: %s", error)

    def _handle(self, message: IncomingMessage) -> None:
        command = Command.of(message)
        try:
            answer = self._execute(command)
        except BackendUnreachable:
            raise  # the subscriber delivers this message again
        except AlreadyStarted:
            return
        except SwfError as error:
            self._log_refusal(command, error)
            report = ErrorReport.of(error)
            answer = {"accepted": False, "reason": str(error), "problems": report.problems}
        if answer is not None:
            self._answer(command, answer)

    def _log_refusal(self, command: Command, error: SwfError) -> None:
        sender = command.message.sender or command.source or "unknown"
        more = self._limit.admit(sender)
        if more is not None:
            log.warning("command refused: sender=%r %r: %s%s", sender[:100], command.kind[:60], error, more)

    def _execute(self, command: Command) -> dict[str, Any] | None:
        namespace = named_namespace(command)
        if namespace != self.namespace:
            self._put_back(command, namespace)
            return None
        command.reply_destination()  # a command with a foreign reply_to is not executed
        match command.kind:
            case protocol.RUN:
                return self._run(command)
            case protocol.STOP:
                return self._stop(command.content.get("execution_id"))
            case protocol.STATUS:
                return self._status()
        raise Refused(
            f"{command.kind or 'a message without msg_type'} is not a command",
            "Send run_workflow, stop_workflow or status_request",
        )

    def _put_back(self, command: Command, namespace: str) -> None:
        """Send a command of another namespace again, with a namespace header that its runner selects."""
        content = command.content
        self._engine.publisher.publish(
            make(CONTROL_QUEUE, content, headers={"namespace": namespace}, namespace=namespace)
        )

    def _run(self, command: Command) -> dict[str, Any]:
        request_id = command.request_id()
        prepared = prepare(self._settings, command.run_request(self._settings.user))
        try:
            live = self._engine.start(prepared, StartCommand(command.message, self.namespace, request_id))
        except AlreadyStarted:
            if request_id is None:
                raise
            return self._repeated(request_id)
        return {
            "accepted": True,
            "execution_id": live.execution_id,
            "agent": self.name,
            "warnings": list(prepared.composition.warnings),
        }

    def _repeated(self, request_id: str) -> dict[str, Any]:
        """The answer to a request id that was executed before: the same execution, which is not run again."""
        since = datetime.now(UTC) - REMEMBERED
        with self._engine.database.read() as connection:
            found = executions.of_request(connection, self.namespace, request_id, since)
        if found is None:
            raise Refused(f"request {request_id} was executed more than 24 h ago", "Use a new request id")
        return {"accepted": True, "execution_id": found, "agent": self.name, "repeated": True}

    def _stop(self, execution_id: object) -> dict[str, Any]:
        live = [one.execution_id for one in self._engine.live()]
        if execution_id is None:
            if not live:
                raise Refused(f"no execution is running on {self.name}", "Set execution_id")
            stopped = [one for one in live if self._engine.stop(one)]
        elif not isinstance(execution_id, str):
            raise Refused("execution_id is not text", "Send an id of `swf-console executions`")
        else:
            stopped = [execution_id]
            if not self._engine.stop(execution_id):
                self._request_stop(execution_id)
        return {"accepted": True, "stopping": stopped, "agent": self.name}

    def _request_stop(self, execution_id: str) -> None:
        """Request the stop in the database: the process that executes it reads that every second."""
        with self._engine.database.write() as connection:
            execution = executions.get(connection, execution_id)
            if execution is None or execution.namespace != self.namespace:
                raise Refused(f"execution not found in namespace {self.namespace}: {execution_id}")
            if not executions.request_stop(connection, execution_id, datetime.now(UTC)):
                raise Refused(f"{execution_id} is not running (status: {execution.status})")

    def _status(self) -> dict[str, Any]:
        live = self._engine.live()
        return {
            "accepted": True,
            "agent": self.name,
            "agent_type": agent_type(live[-1].prepared.code.name) if live else IDLE_TYPE,
            "operational_state": "PROCESSING" if live else "READY",
            "executions": [
                {
                    "execution_id": one.execution_id,
                    "workflow_name": one.prepared.code.name,
                    "configuration": one.prepared.composition.configuration,
                    "run_id": str(one.run_number) if one.run_number else None,
                    "stf_count": one.stf_count,
                    "realtime": one.prepared.realtime,
                }
                for one in live
            ],
        }

    def _answer(self, command: Command, answer: Mapping[str, Any]) -> None:
        if command.reply_to and not command.source:
            log.warning("reply not sent: the command has no source: sender=%s", command.message.sender)
        reply = protocol.reply_to(command, answer)
        if reply:
            destination, content = reply
            headers = {"correlation-id": command.correlation_id} if command.correlation_id else {}
            try:
                message = make(destination, content, sender=self.name, headers=headers)
            except UsageError as error:
                log.warning("no answer to %s: %s", command.kind, error)
                return
            self._engine.publisher.publish(message)
