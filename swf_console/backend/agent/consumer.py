"""How messages come in: decoded, filtered, each once, and handed over in batches."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ..messaging.link import Link
from ..messaging.message import IncomingMessage, read
from ..messaging.subscriber import Arrival, Feed, Inbox, Subscription
from .context import DATABASE_HEADER
from .inflight import Counts, OpenTasks, Task

log = logging.getLogger(__name__)

BATCH = 500
PREFETCH = 1000
LIMIT = 20_000
SHOWN_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Ours:
    """What tells our messages from others': the namespace, and the label of the database."""

    namespace: str
    database: str


class Intake:
    """Follows an agent's destinations on a thread of its own, from `start()` on.

    Topics are followed by durable subscriptions, so that the broker keeps what comes during a restart.
    """

    def __init__(
        self,
        link: Link,
        destinations: Sequence[str],
        ours: "Ours",
        wanted: Collection[str],
        tasks: OpenTasks,
        counts: Counts,
        work_off: Callable[[Sequence[Task]], None],
        crashed: Callable[[BaseException], None],
    ) -> None:
        self._link, self._ours, self._wanted = link, ours, wanted
        self._tasks, self._counts = tasks, counts
        self._work_off, self._crashed = work_off, crashed
        self._inbox = Inbox(LIMIT)
        self._finishing = threading.Event()
        self.feeds = [Feed(link, subscription(each, ours.namespace), self._inbox) for each in destinations]
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def subscribe(self) -> None:
        """Follow now, or as soon as the connection is up; what comes waits for start()."""
        for feed in self.feeds:
            feed.open()

    def follow(self, destination: str, prefetch: int) -> Feed:
        """Follow one destination more, of which the broker gives us no more than `prefetch` at once."""
        feed = Feed(self._link, subscription(destination, self._ours.namespace, prefetch), self._inbox)
        self.feeds.append(feed)
        feed.open()
        return feed

    def unfollow(self, feed: Feed) -> None:
        """Follow it no more; what came from it and is not acknowledged goes back to the broker."""
        self.feeds.remove(feed)
        feed.close()

    def start(self) -> None:
        """Begin to hand over what has come."""
        self._thread.start()

    def waiting(self) -> int:
        """How many messages have come and are not begun."""
        return len(self._inbox)

    def finish(self, timeout: float) -> None:
        """Hand over nothing more, once the batch at hand is done; what waits stays with the broker."""
        self._finishing.set()
        self._inbox.close()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def unsubscribe(self) -> None:
        """Follow no more; durable subscriptions stay, and so does what they keep."""
        for feed in self.feeds:
            feed.close()

    def take(self, messages: Sequence[tuple[IncomingMessage, Arrival | None]]) -> None:
        """Work on those of these messages that are ours and new."""
        fresh: list[Task] = []
        for incoming, arrival in messages:
            if self._is_of_elsewhere(incoming):
                self._refuse(incoming, arrival)
            elif self._is_for_us(incoming):
                task = self._tasks.admit(incoming, arrival)
                self._counts.duplicates += task is None
                fresh += [task] if task is not None else []
            elif arrival is not None:
                arrival.ack()
        if fresh:
            self._work_off(fresh)

    def _run(self) -> None:
        try:
            while arrivals := self._inbox.take(BATCH):
                if self._finishing.is_set():
                    return
                self.take([(read(arrival.headers, arrival.body), arrival) for arrival in arrivals])
        except BaseException as error:  # noqa: BLE001 (an agent that hears nothing must not look alive)
            self._crashed(error)

    def _is_of_elsewhere(self, incoming: IncomingMessage) -> bool:
        """Whether an agent sent it that works on another database, whose run numbers may be the same."""
        return incoming.headers.get(DATABASE_HEADER, self._ours.database) != self._ours.database

    def _refuse(self, incoming: IncomingMessage, arrival: Arrival | None) -> None:
        """A topic gives everybody a copy; from a queue it goes to the dead letters, where it can be found."""
        if arrival is None or incoming.destination.startswith("/topic/"):
            self._counts.ignored += 1
            if arrival is not None:
                arrival.ack()
            return
        self._counts.dead_letters += 1
        said = (
            f"{incoming.msg_type} of run {incoming.run_id} on {incoming.destination} is of another database"
        )
        level = logging.DEBUG if self._counts.last_failure == said else logging.WARNING
        self._counts.last_failure = said
        log.log(level, "%s than ours, and set aside: was the database replaced?", said)
        arrival.nack()

    def _is_for_us(self, incoming: IncomingMessage) -> bool:
        if incoming.namespace is not None and incoming.namespace != self._ours.namespace:
            self._counts.ignored += 1
            return False
        if incoming.content is None or (incoming.problem is not None and incoming.msg_type is None):
            self._counts.unreadable += 1
            log.warning(
                "unreadable message on %s: %s",
                incoming.destination,
                incoming.problem,
                extra={"message_body": incoming.body[:SHOWN_CHARACTERS]},
            )
            return False
        self._counts.unreadable += incoming.problem is not None
        if incoming.msg_type not in self._wanted:
            self._counts.ignored += 1
            return False
        return True


def subscription(destination: str, namespace: str, prefetch: int = PREFETCH) -> Subscription:
    """How a destination is followed: a topic by a durable subscription, a queue as it is."""
    durable = None if destination.startswith("/queue/") else destination.strip("/").replace("/", ".")
    selector = f"namespace = '{namespace}' OR namespace IS NULL"
    return Subscription(destination, selector=selector, durable_name=durable, prefetch=prefetch)
