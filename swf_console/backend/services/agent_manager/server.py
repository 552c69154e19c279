"""The agent manager: a user's testbed, started and stopped by messages on `/queue/agent_control.<user>`."""

import logging
import os
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ...agent.heartbeat import EXITED, PROCESSING, READY, STARTING, HeartbeatThread
from ...agent.identity import IdentityFile
from ...config.names import resolve_namespace
from ...core.errors import BackendUnreachable, BrokerUnreachable, ErrorReport, Refused, SwfError
from ...core.log_limit import LogLimit
from ...core.settings import Settings
from ...database import Database, open_database, sequences
from ...database.records.agents import Heartbeat
from ...messaging.connection import StompConnection
from ...messaging.endpoint import BrokerEndpoint, choose_broker
from ...messaging.message import IncomingMessage, make
from ...messaging.outbox import NoOutbox
from ...messaging.ports import BrokerConnection, ConnectRefused, Phase
from ...messaging.publisher import Publisher
from ...messaging.subscriber import Subscriber
from ...messaging.subscription import SubscriptionRefused, SubscriptionSpec
from ..agents.control import ProcessReport
from ..executions.request import testbed_of
from ..journal import Journal, JournalEntry
from ..testbed import HomeTestbed, TestbedControl, agents_running, describe
from .protocol import PING, RESTART, START, ManagerCommand, answer, control_queue, read_command

log = logging.getLogger(__name__)

AGENT_TYPE = "agent_manager"
LOOK_SECONDS = 0.5
RETRY_SECONDS = 2.0
FINISH_SECONDS = 5.0
WORK_SECONDS = 60.0
# commands of a user come from people: more than ten are an error, and would run much later
MOST_WAITING = 10


class AgentManager:
    """Serves the queue of one user until `stop`. Queries are answered immediately, commands run one by one.

    `link` and `testbed` replace the broker connection and the home's testbed, for tests.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        link: BrokerConnection | None = None,
        testbed: TestbedControl | None = None,
    ) -> None:
        self.settings, self.user = settings, settings.user
        self.queue = control_queue(settings.user)
        self.name = ""
        self.ready = threading.Event()
        self._broker: BrokerEndpoint | None = None if link else choose_broker(settings)
        self._connection = link or self._connect()
        self._testbed = testbed or HomeTestbed(settings)
        self._publisher = Publisher(self._connection, NoOutbox())
        self._subscriber = Subscriber(self._connection, SubscriptionSpec(self.queue), self._handle)
        self._waiting: queue.Queue[ManagerCommand | None] = queue.Queue(MOST_WAITING)
        self._worker = threading.Thread(target=self._run_commands, name="testbed", daemon=True)
        self._limit = LogLimit()
        self._at_work = False
        self._stopped = threading.Event()
        self._changed = threading.Event()
        self._ended = False

    def serve(self) -> None:
        """Take commands until stopped. Raises Refused if this user's manager is already running.

        Raises ConnectRefused and SubscriptionRefused too; waits while broker or database is not reachable.
        """
        file = IdentityFile(self.settings, AGENT_TYPE, self.user)
        try:
            file.hold()
            database = self._open_database()
            if database is not None:
                try:
                    self.name = self._identify(database, file)
                    self._live(database)
                finally:
                    database.close()
        finally:
            if self._broker is not None:
                self._broker.release()
            file.release()

    def stop(self) -> None:
        """Stop; may be called from a signal handler."""
        self._stopped.set()
        self._changed.set()

    def _live(self, database: Database) -> None:
        heartbeat = HeartbeatThread(database, self._describe)
        self._connection.watch(lambda _state: self._changed.set())
        self._worker.start()
        self._connection.start()
        self._subscriber.start()
        heartbeat.start()
        reported: tuple[bool, bool] | None = None
        try:
            while not self._stopped.is_set():
                current = (self._subscribed, self._at_work)
                if current != reported:
                    heartbeat.notify()
                    reported = current
                self._note_ready()
                self._changed.wait(LOOK_SECONDS)
                self._changed.clear()
        finally:
            self._end(heartbeat)

    def _end(self, heartbeat: HeartbeatThread) -> None:
        self._subscriber.close(FINISH_SECONDS)
        self._finish_work()
        self._publisher.close(FINISH_SECONDS if self._subscribed else 0.0)
        self._connection.stop()
        self._ended = True
        heartbeat.close()
        log.info("agent manager stops: name=%s", self.name)

    def _finish_work(self) -> None:
        """Finish the current command; waiting ones are dropped: their requesters get no reply and retry."""
        while True:
            try:
                self._waiting.put_nowait(None)
                break
            except queue.Full:
                self._waiting.get_nowait()
        self._worker.join(WORK_SECONDS)

    @property
    def _subscribed(self) -> bool:
        return self._connection.state().phase is Phase.UP and self._subscriber.state().subscribed

    def _note_ready(self) -> None:
        """Log once that commands are accepted. Raises errors that waiting does not fix."""
        if self.ready.is_set():
            return
        try:
            self._connection.wait_up(LOOK_SECONDS)
            self._subscriber.wait_subscribed(LOOK_SECONDS)
        except (ConnectRefused, SubscriptionRefused):
            raise
        except BrokerUnreachable:
            return
        log.info("agent manager started: name=%s queue=%s", self.name, self.queue)
        self.ready.set()
        self._changed.set()

    def _handle(self, message: IncomingMessage) -> None:
        try:
            command = read_command(message)
        except Refused as error:
            sender = message.sender or "unknown"
            more = self._limit.admit(sender)
            if more is not None:
                log.warning("command refused: sender=%r: %s%s", sender[:100], error, more)
            return
        if command.is_query:
            self._answer(command, self._report(command))
            return
        try:
            self._waiting.put_nowait(command)
        except queue.Full:
            self._answer(
                command, _refusal(Refused(f"{MOST_WAITING} commands are waiting", "Try again later"))
            )

    def _report(self, command: ManagerCommand) -> dict[str, Any]:
        if command.command == PING:
            return {"accepted": True, "status": "alive"}
        look = self._testbed.probe()
        return {
            "accepted": True,
            "agents_running": agents_running(look),
            "supervisord_status": describe(look),
            "at_work": self._at_work,
        }

    def _run_commands(self) -> None:
        while (command := self._waiting.get()) is not None:
            self._set_at_work(True)
            started_at = datetime.now(UTC)
            try:
                result = _done(self._act(command))
            except SwfError as error:
                result = _refusal(error)
            except Exception as error:
                log.exception("command failed: %s", command.command)
                result = _refusal(SwfError(f"{type(error).__name__}: {error}"))
            self._record(command, result, started_at)
            self._set_at_work(False)
            self._answer(command, result)

    def _act(self, command: ManagerCommand) -> Sequence[ProcessReport]:
        if command.command == START:
            return self._testbed.start(command.config_name)
        if command.command == RESTART:
            return self._testbed.restart(command.config_name)
        return self._testbed.stop()

    def _answer(self, command: ManagerCommand, result: Mapping[str, Any]) -> None:
        if command.reply_to is None:
            if command.reply_requested:
                log.warning("reply not sent: the command has no source: command=%s", command.command)
            return
        headers = {"correlation-id": command.correlation_id} if command.correlation_id else {}
        content = answer(command, self.user, result)
        try:
            message = make(command.reply_to, content, sender=self.name, headers=headers)
            self._publisher.publish(message, abort=self._stopped.is_set)
        except SwfError as error:
            log.warning("reply not sent: source=%s: %s", command.source, error)

    def _record(self, command: ManagerCommand, result: Mapping[str, Any], started_at: datetime) -> None:
        words = f"{command.command} {command.config_name or ''}".strip()
        entry = JournalEntry(
            at=started_at,
            kind="action",
            who=f"{command.source or 'unknown'} (agent manager)",
            what=words,
            result=str(result.get("reason") or "ok")[:300],
            ok=bool(result["accepted"]),
            seconds=round((datetime.now(UTC) - started_at).total_seconds(), 3),
        )
        try:
            Journal(self.settings.state_dir).append(entry)
        except SwfError as error:
            log.warning("%s", error)

    def _set_at_work(self, at_work: bool) -> None:
        self._at_work = at_work
        self._changed.set()

    def _describe(self) -> Heartbeat:
        link, subscribed, look = self._connection.state(), self._subscribed, self._testbed.probe()
        connected = link.phase is Phase.UP
        ended = self._ended
        state = PROCESSING if self._at_work else READY if subscribed else STARTING
        return Heartbeat(
            instance_name=self.name,
            agent_type=AGENT_TYPE,
            status=EXITED if ended else "OK" if subscribed else "WARNING",
            at=datetime.now(UTC),
            operational_state=EXITED if ended else state,
            description=f"agent manager of {self.user}" + ("" if connected else "; broker not reachable"),
            namespace=self._namespace(),
            pid=os.getpid(),
            hostname=self.settings.host,
            metadata={
                "username": self.user,
                "control_queue": self.queue,
                "mq_connected": connected and not ended,
                "mq_subscribed": subscribed and not ended,
                "mq_error": None if connected else link.last_error,
                "supervisord": look.state,
                "agents_running": agents_running(look),
            },
        )

    def _namespace(self) -> str | None:
        try:
            return resolve_namespace(None, testbed_of(self.settings))
        except SwfError:
            return None

    def _identify(self, database: Database, file: IdentityFile) -> str:
        known = file.load(database.safe_url)
        if known is not None:
            return known.name
        with database.write() as connection:
            number = sequences.next_agent_number(connection)
        return file.create(database.safe_url, f"{AGENT_TYPE}-agent-{self.user}-{number}").name

    def _open_database(self) -> Database | None:
        """Open the database, with retries; None if the manager is stopped meanwhile."""
        while not self._stopped.is_set():
            try:
                return open_database(self.settings.database_url)
            except BackendUnreachable as error:
                log.warning("waiting for the database: %s", error)
                self._stopped.wait(RETRY_SECONDS)
        return None

    def _connect(self) -> BrokerConnection:
        assert self._broker is not None  # noqa: S101 (chosen if no link is given)
        return StompConnection(self._broker.address)


def _done(lines: Sequence[ProcessReport]) -> dict[str, Any]:
    trouble = [f"{line.name}: {line.trouble}" for line in lines if line.trouble]
    result: dict[str, Any] = {"accepted": not trouble, "agents": [asdict(line) for line in lines]}
    return result | ({"reason": "; ".join(trouble)} if trouble else {})


def _refusal(error: SwfError) -> dict[str, Any]:
    report = ErrorReport.of(error)
    return {"accepted": False, "reason": str(error), "problems": report.problems}
