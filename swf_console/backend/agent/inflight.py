"""Messages in work: each once, and acknowledged when nothing of it can be lost any more."""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..database import Database, messages
from ..messaging.message import Delivery, IncomingMessage, OutgoingMessage
from ..messaging.subscriber import Arrival, Seen

REMEMBERED = 20_000


class Task:
    """One message in work, with every delivery of it."""

    __slots__ = ("arrivals", "holds", "incoming")

    def __init__(self, incoming: IncomingMessage) -> None:
        self.incoming = incoming
        self.arrivals: list[Arrival] = []
        self.holds = 1


class OpenTasks:
    """What was begun and is not yet acknowledged.

    A task is held by its handler, by what goes on in the background, and by each message that it sent and
    the broker has not confirmed; the last to let go acknowledges. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Task] = {}
        self._done = Seen(REMEMBERED)
        self._waiting: dict[str, list[Task]] = {}
        self._confirmed = Seen(REMEMBERED)

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, incoming: IncomingMessage, arrival: Arrival | None) -> Task | None:
        """Begin a task; None for a message that is in work, or was, which is then acknowledged."""
        with self._lock:
            task = self._open.get(incoming.id)
            done = task is None and incoming.id in self._done
            if task is not None and arrival is not None:
                task.arrivals.append(arrival)
            if task is None and not done:
                fresh = self._open[incoming.id] = Task(incoming)
                fresh.arrivals += [arrival] if arrival is not None else []
                return fresh
        if done and arrival is not None:
            arrival.ack()
        return None

    def find(self, identity: str) -> Task | None:
        """The open task of that message."""
        with self._lock:
            return self._open.get(identity)

    def await_receipts(self, task: Task | None, sent: Iterable[str]) -> set[str]:
        """Hold `task` until the broker has these messages; returns those that are to be published now."""
        fresh = set()
        with self._lock:
            for identity in sent:
                if identity in self._confirmed:
                    continue
                if identity not in self._waiting:
                    self._waiting[identity] = []
                    fresh.add(identity)
                if task is not None:
                    task.holds += 1
                    self._waiting[identity].append(task)
        return fresh

    def confirm(self, sent: Iterable[str]) -> None:
        """The broker has these messages."""
        ended: list[Arrival] = []
        with self._lock:
            for identity in sent:
                self._confirmed.add(identity)
                for task in self._waiting.pop(identity, ()):
                    ended += self._let_go(task)
        _acknowledge(ended)

    def hold(self, task: Task) -> None:
        """Something more goes on for it."""
        with self._lock:
            task.holds += 1

    def release(self, task: Task) -> None:
        """One thing less; after the last the message is acknowledged."""
        with self._lock:
            ended = self._let_go(task)
        _acknowledge(ended)

    def give_back(self, identity: str) -> None:
        """Forget a message without an acknowledgement: the broker gives it to somebody, perhaps to us."""
        with self._lock:
            self._open.pop(identity, None)

    def _let_go(self, task: Task) -> list[Arrival]:
        task.holds -= 1
        if task.holds > 0:
            return []
        self._open.pop(task.incoming.id, None)
        self._done.add(task.incoming.id)
        return task.arrivals


def _acknowledge(arrivals: Iterable[Arrival]) -> None:
    for arrival in arrivals:
        arrival.ack()


class Deliveries:
    """Notes what the broker has confirmed, and lets the tasks go that waited for it."""

    def __init__(self, database: Database, tasks: OpenTasks) -> None:
        self._database, self._tasks = database, tasks

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:  # noqa: ARG002
        """Write deliveries down; what is new is in the table already."""
        if not delivered:
            return
        with self._database.write() as connection:
            messages.mark_delivered(connection, delivered)
        self._tasks.confirm([delivery.id for delivery in delivered])


@dataclass(slots=True)
class Counts:
    """Messages by what became of them; `last_failure` is the latest error in one line."""

    handled: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    ignored: int = 0
    unreadable: int = 0
    failures: int = 0
    dead_letters: int = 0
    last_failure: str | None = None

    def failed(self, error: Exception) -> str:
        """Keep an error as the latest; returns it in one line."""
        text = str(error).strip().splitlines()
        self.last_failure = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
        return self.last_failure

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "handled": dict(self.handled),
            "duplicates": self.duplicates,
            "ignored": self.ignored,
            "unreadable": self.unreadable,
            "failures": self.failures,
            "dead_letters": self.dead_letters,
            "last_failure": self.last_failure,
        }
