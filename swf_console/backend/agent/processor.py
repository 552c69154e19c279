"""Where messages are worked on: one transaction for many, tried again, set aside in the end."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..core.destinations import DEAD_LETTERS
from ..core.errors import BackendUnreachable, DatabaseUnusable
from ..core.logs import execution_id as logged_execution_id
from ..database import Connection, Database, messages
from ..message_mapping import outgoing_row
from ..messaging.message import OutgoingMessage, make
from ..messaging.publisher import PublishAborted, Publisher
from .context import Identity, Later, Work
from .execution_cache import ExecutionRecords
from .executor import Pool
from .inflight import Counts, OpenTasks, Task
from .message import BadMessage, Message

log = logging.getLogger(__name__)

Handler = Callable[[Message, Work], None]

ATTEMPTS = 3
BACKOFF = (0.1, 5.0)
SHOWN_CHARACTERS = 2000
EXECUTIONS_COUNTED = 50


class Desk:
    """Gives messages to the handlers. Thread-safe; what ends early stays with the broker."""

    def __init__(
        self,
        identity: Identity,
        handlers: Mapping[str, Handler],
        database: Database,
        records: ExecutionRecords,
        publisher: Publisher,
        tasks: OpenTasks,
        pool: Pool,
        closing: threading.Event,
    ) -> None:
        self.counts = Counts()
        self._identity, self._handlers = identity, handlers
        self._database, self._records, self._publisher = database, records, publisher
        self._tasks, self._pool, self._closing = tasks, pool, closing
        self._counted: dict[str | None, None] = {}

    def work_off(self, tasks: Sequence[Task], function: Handler | None = None) -> None:
        """Work on these messages in one transaction; where one of them fails, on each alone.

        The handler of its type is given each message, or `function` is.
        """
        if len(tasks) > 1 and self._together(tasks, function):
            for task in tasks:
                self._tasks.release(task)
            return
        for task in tasks:
            self._persist(task, lambda task=task: self._handle([task], function))  # type: ignore[misc]

    def proceed(self, kept: Sequence[Message], function: Handler) -> None:
        """Give messages that were kept to `function`, in one transaction, and let them go after it."""
        found = [self._tasks.find(message.id) for message in kept]
        self.work_off([task for task in found if task is not None], function)

    def give_back(self, kept: Sequence[Message]) -> None:
        """Leave messages that were kept to whoever the broker gives them to next."""
        for message in kept:
            self._tasks.give_back(message.id)

    @contextlib.contextmanager
    def transaction(self, message: Message) -> Iterator[Work]:
        """Open a transaction for work on `message` in the background."""
        with self._database.write() as connection:
            work = Work(connection, message, self._identity)
            yield work
            self._store(connection, [work])
        self._follow_up(self._tasks.find(message.id), work)

    def _together(self, tasks: Sequence[Task], function: Handler | None) -> bool:
        try:
            self._handle(tasks, function)
        except Exception as error:  # noqa: BLE001 (each is tried again alone, and judged there)
            log.debug("%d messages failed together: %s", len(tasks), error)
            return False
        return True

    def _handle(self, tasks: Sequence[Task], function: Handler | None) -> None:
        views = [self._records.view(task.incoming.execution_id) for task in tasks]
        todo = [Message(task.incoming, view) for task, view in zip(tasks, views, strict=True)]
        with self._database.write() as connection:
            done = [self._call(connection, message, function) for message in todo]
            self._store(connection, done)
        for task, message, work in zip(tasks, todo, done, strict=True):
            if function is None:
                self.counts.handled[message.msg_type] += 1
            self._follow_up(task, work)
            if work.kept is not None:
                self._tasks.hold(task)
                work.kept(message)

    def _call(self, connection: Connection, message: Message, function: Handler | None) -> Work:
        logged_execution_id.set(message.execution_id)
        work = Work(connection, message, self._identity)
        (function or self._handlers[message.msg_type])(message, work)
        return work

    def _store(self, connection: Connection, done: Sequence[Work]) -> None:
        rows: dict[Callable[..., object], list[object]] = {}
        for work in done:
            for function, row in work.rows:
                rows.setdefault(function, []).append(row)
        for function, together in rows.items():
            function(connection, together)
        unique = {message.id: message for work in done for message in work.outgoing}
        messages.record(connection, [outgoing_row(message) for message in unique.values()])

    def _follow_up(self, task: Task | None, work: Work) -> None:
        """What comes after the commit: the messages go out, the background begins."""
        fresh = self._tasks.await_receipts(task, {message.id for message in work.outgoing})
        for message in work.outgoing:
            if message.id in fresh:
                fresh.remove(message.id)
                self._publish(message)
        for later in work.later:
            self._begin(task, later)

    def _begin(self, task: Task | None, later: Later) -> None:
        if task is None:
            return
        self._tasks.hold(task)
        self._pool.submit(lambda: self._persist(task, lambda: later.function(*later.arguments)))

    def _publish(self, message: OutgoingMessage) -> None:
        self._counted[message.execution_id] = None
        if len(self._counted) > EXECUTIONS_COUNTED:
            oldest = next(iter(self._counted))
            self._counted.pop(oldest, None)
            self._publisher.forget(oldest)
        try:
            self._publisher.publish(message, abort=self._closing.is_set)
        except PublishAborted:
            log.info("%s is sent after the next start", message.id)

    def _persist(self, task: Task, action: Callable[[], None]) -> None:
        """Do it until it is done, cannot be done, or the agent ends; then let the task go, unless it ends."""
        logged_execution_id.set(task.incoming.execution_id)
        failures, waited, (pause, longest) = 0, False, BACKOFF
        while not self._closing.is_set():
            try:
                action()
            except BadMessage as error:
                self.counts.unreadable += 1
                log.warning("%s", self.counts.failed(error), extra=_shown(task))
            except (BackendUnreachable, DatabaseUnusable) as error:
                if not waited:
                    log.warning("waiting: %s", self.counts.failed(error))
                waited = True
                self._closing.wait(pause)
                pause = min(pause * 2, longest)
                continue
            except Exception as error:
                failures += 1
                self.counts.failures += 1
                self.counts.failed(error)
                log.exception("%s failed, attempt %d", _named(task), failures, extra=_shown(task))
                if failures < ATTEMPTS:
                    self._closing.wait(pause)
                    pause = min(pause * 2, longest)
                    continue
                self._set_aside(task)
            self._tasks.release(task)
            return

    def _set_aside(self, task: Task) -> None:
        """Put a message that cannot be worked on among the broker's dead letters."""
        incoming, reason = task.incoming, self.counts.last_failure or ""
        self.counts.dead_letters += 1
        headers = {
            "original-destination": incoming.destination,
            "dlqDeliveryFailureCause": reason.replace("\0", "")[:SHOWN_CHARACTERS],
            "set_aside_by": self._identity.name,
        }
        letter = make(DEAD_LETTERS, incoming.content or {}, headers=headers)
        self._tasks.await_receipts(task, [letter.id])
        log.error("%s set aside in %s: %s", _named(task), DEAD_LETTERS, reason, extra=_shown(task))
        self._publish(letter)


def _named(task: Task) -> str:
    return f"{task.incoming.msg_type} message {task.incoming.id} on {task.incoming.destination}"


def _shown(task: Task) -> dict[str, object]:
    return {"message_body": task.incoming.body[:SHOWN_CHARACTERS]}
