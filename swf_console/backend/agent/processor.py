"""Handles messages: many in one transaction, with retries, and the dead-letter queue at the end."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..core.destinations import DEAD_LETTERS
from ..core.errors import BackendUnreachable, DatabaseUnusable
from ..core.log_limit import LogLimit
from ..core.logs import execution_id as logged_execution_id
from ..database import Connection, Database, messages
from ..message_mapping import outgoing_row
from ..messaging.message import OutgoingMessage, make
from ..messaging.publisher import PublishAborted, Publisher
from .context import AgentInfo, BackgroundCall, Handler, HandlerContext
from .execution_cache import ExecutionCache
from .executor import BoundedExecutor
from .inflight import InFlightMessage, InFlightMessages, MessageCounters
from .message import BadMessage, Message

log = logging.getLogger(__name__)

ATTEMPTS = 3
BACKOFF = (0.1, 5.0)
LOGGED_CHARACTERS = 2000
# the publisher has counters for each execution; an agent serves many in its life
EXECUTIONS_COUNTED = 50


class MessageProcessor:
    """Calls the handlers. Thread-safe; messages that are not finished stay at the broker."""

    def __init__(
        self,
        agent: AgentInfo,
        handlers: Mapping[str, Handler],
        database: Database,
        executions: ExecutionCache,
        publisher: Publisher,
        in_flight: InFlightMessages,
        executor: BoundedExecutor,
        closing: threading.Event,
    ) -> None:
        self.counts = MessageCounters()
        self._agent, self._handlers = agent, handlers
        self._database, self._executions, self._publisher = database, executions, publisher
        self._in_flight, self._executor, self._closing = in_flight, executor, closing
        self._recent_executions: dict[str | None, None] = {}
        self._limit = LogLimit()

    def process(self, batch: Sequence[InFlightMessage], function: Handler | None = None) -> None:
        """Handle these messages in one transaction; if one fails, each in its own transaction.

        Each is passed to the handler of its type, or to `function`.
        """
        if len(batch) > 1 and self._process_together(batch, function):
            for item in batch:
                self._in_flight.release(item)
            return
        for item in batch:
            self._retry(item, lambda item=item: self._run_handlers([item], function))  # type: ignore[misc]

    def proceed(self, kept: Sequence[Message], function: Handler) -> None:
        """Call `function` with kept messages, in one transaction, and acknowledge them after it."""
        # a message that was given back meanwhile is handled by its next consumer
        found = [self._in_flight.find(message.id) for message in kept]
        self.process([item for item in found if item is not None], function)

    def give_back(self, kept: Sequence[Message]) -> None:
        """Return kept messages to the broker, which delivers them to the next consumer."""
        for message in kept:
            self._in_flight.give_back(message.id)

    @contextlib.contextmanager
    def transaction(self, message: Message) -> Iterator[HandlerContext]:
        """Open a transaction for background work on `message`."""
        with self._database.write() as connection:
            context = HandlerContext(connection, message, self._agent)
            yield context
            self._store(connection, [context])
        self._follow_up(self._in_flight.find(message.id), context)

    def _process_together(self, batch: Sequence[InFlightMessage], function: Handler | None) -> bool:
        try:
            self._run_handlers(batch, function)
        except Exception as error:  # noqa: BLE001 (each is retried alone, and its failure is handled there)
            log.debug("batch of %d messages failed, retrying each alone: %s", len(batch), error)
            return False
        return True

    def _run_handlers(self, batch: Sequence[InFlightMessage], function: Handler | None) -> None:
        views = [self._executions.view(item.incoming.execution_id) for item in batch]
        handled_messages = [Message(item.incoming, view) for item, view in zip(batch, views, strict=True)]
        with self._database.write() as connection:
            contexts = [self._run_handler(connection, message, function) for message in handled_messages]
            self._store(connection, contexts)
        for item, message, context in zip(batch, handled_messages, contexts, strict=True):
            if function is None:
                self.counts.handled[message.msg_type] += 1
            self._follow_up(item, context)
            if context.kept is not None:
                self._in_flight.hold(item)
                context.kept(message)

    def _run_handler(
        self, connection: Connection, message: Message, function: Handler | None
    ) -> HandlerContext:
        logged_execution_id.set(message.execution_id)
        context = HandlerContext(connection, message, self._agent)
        (function or self._handlers[message.msg_type])(message, context)
        return context

    def _store(self, connection: Connection, contexts: Sequence[HandlerContext]) -> None:
        rows: dict[Callable[..., object], list[object]] = {}
        for context in contexts:
            for function, row in context.rows:
                rows.setdefault(function, []).append(row)
        for function, together in rows.items():
            function(connection, together)
        # two messages of a batch may send the same message: ids are derived from the subject
        unique = {message.id: message for context in contexts for message in context.outgoing}
        messages.record(connection, [outgoing_row(message) for message in unique.values()])

    def _follow_up(self, item: InFlightMessage | None, context: HandlerContext) -> None:
        """After the commit: publish the messages, start the background calls."""
        fresh = self._in_flight.await_receipts(item, {message.id for message in context.outgoing})
        for message in context.outgoing:
            if message.id in fresh:
                fresh.remove(message.id)
                self._publish(message)
        for call in context.background_calls:
            self._start_background(item, call)

    def _start_background(self, item: InFlightMessage | None, call: BackgroundCall) -> None:
        if item is None:
            return
        self._in_flight.hold(item)
        self._executor.submit(lambda: self._retry(item, lambda: call.function(*call.arguments)))

    def _publish(self, message: OutgoingMessage) -> None:
        self._recent_executions[message.execution_id] = None
        if len(self._recent_executions) > EXECUTIONS_COUNTED:
            oldest = next(iter(self._recent_executions))
            self._recent_executions.pop(oldest, None)
            self._publisher.forget(oldest)
        try:
            self._publisher.publish(message, abort=self._closing.is_set)
        except PublishAborted:
            log.info("message is sent after the next start: id=%s", message.id)

    def _retry(self, item: InFlightMessage, action: Callable[[], None]) -> None:
        """Call until it succeeds or fails finally, and acknowledge; or until the agent stops."""
        logged_execution_id.set(item.incoming.execution_id)
        failures, waited, (pause, longest) = 0, False, BACKOFF
        while not self._closing.is_set():
            try:
                action()
            except BadMessage as error:
                self.counts.unreadable += 1
                self._log_bad_message(item, self.counts.note_failure(error))
            except (BackendUnreachable, DatabaseUnusable) as error:
                # not counted as a failure: the message is good, and the broker keeps it meanwhile
                if not waited:
                    log.warning("waiting for a backend: %s", self.counts.note_failure(error))
                waited = True
                self._closing.wait(pause)
                pause = min(pause * 2, longest)
                continue
            except Exception as error:
                failures += 1
                self.counts.failures += 1
                self.counts.note_failure(error)
                log.exception("handler failed: attempt=%d %s", failures, _name(item), extra=_log_fields(item))
                if failures < ATTEMPTS:
                    self._closing.wait(pause)
                    pause = min(pause * 2, longest)
                    continue
                self._dead_letter(item)
            self._in_flight.release(item)
            return

    def _log_bad_message(self, item: InFlightMessage, reason: str) -> None:
        sender = item.incoming.sender or "unknown"
        more = self._limit.admit(sender)
        if more is not None:
            fields = _log_fields(item)
            log.warning("message refused: sender=%r: %s%s", sender[:100], reason, more, extra=fields)

    def _dead_letter(self, item: InFlightMessage) -> None:
        """Send a message that cannot be handled to the broker's dead-letter queue."""
        incoming, reason = item.incoming, self.counts.last_failure or ""
        self.counts.dead_letters += 1
        headers = {
            "original-destination": incoming.destination,
            "dlqDeliveryFailureCause": reason.replace("\0", "")[:LOGGED_CHARACTERS],
            "set_aside_by": self._agent.name,
        }
        # sent by us, not by NACK: ActiveMQ redelivers before it gives up, and the reason would be lost
        letter = make(DEAD_LETTERS, incoming.content or {}, headers=headers)
        self._in_flight.await_receipts(item, [letter.id])
        log.error(
            "message moved to the dead-letter queue: %s: %s", _name(item), reason, extra=_log_fields(item)
        )
        self._publish(letter)


def _name(item: InFlightMessage) -> str:
    return f"{item.incoming.msg_type} message {item.incoming.id} on {item.incoming.destination}"


def _log_fields(item: InFlightMessage) -> dict[str, object]:
    return {"message_body": item.incoming.body[:LOGGED_CHARACTERS]}
