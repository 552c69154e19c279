"""An ActiveMQ: its statistics plug-in and its advisories tell, a client with the same client id removes.

What ActiveMQ does not offer over STOMP (backlogs of durable subscriptions, removing a queue) is in its web
console and in Jolokia, its HTTP interface; the advice of an error names them.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, NamedTuple

from ...core.destinations import TOPIC_PREFIX
from ...core.errors import Refused, UsageError
from ...core.format import plural
from ...messaging.broker_client import QUIET_SECONDS, BrokerClient, RawMessage
from .home_subscriptions import home_subscriptions
from .messages import waiting_message
from .records import (
    BrokerContents,
    Compaction,
    DestinationStatus,
    DurableSubscription,
    Removal,
    StoreUsage,
    WaitingMessage,
)
from .statistics import BROKER_STATISTICS, DESTINATIONS, destination_of, map_of, number
from .target import Target

# StatisticsBroker of ActiveMQ 5.17: an empty map ends the list; with the time of the oldest message
LIST_HEADERS = {
    f"{DESTINATIONS}List.End.With.Null": "true",
    f"{DESTINATIONS}Include.First.Message.Timestamp": "true",
}
CONSUMERS, CONNECTIONS, QUEUES = (
    f"/topic/ActiveMQ.Advisory.{name}" for name in ("Consumer.>", "Connection", "Queue")
)
# ActiveMQ's STOMP rewrites the selectors of its clients
SELECTOR_PREFIX = "convert_string_expressions:"
STATISTICS = "ActiveMQ.Statistics."
ELSEWHERE = "ActiveMQ's web console (Subscribers) or Jolokia"
NO_STATISTICS = (
    "backlogs are not known: the broker answers no statistics queries; enable statisticsBrokerPlugin in "
    "conf/activemq.xml (docs/broker.md)"
)
NO_ADVISORIES = "consumers are not known: this account may not read /topic/ActiveMQ.Advisory.>"
STATISTICS_SECONDS = ADVISORY_SECONDS = 3.0
MOST_PURGED = 10_000_000


class ActiveConsumer(NamedTuple):
    """A consumer that is connected now; `name` is that of a durable subscription."""

    destination: str
    client_id: str
    name: str
    selector: str


class ActiveMQAdministration:
    """A BrokerAdministration of an ActiveMQ. `client_of` connects with a client id."""

    def __init__(
        self,
        client: BrokerClient,
        state_dir: Path,
        client_of: Callable[[str], AbstractContextManager[BrokerClient]],
    ) -> None:
        self._client, self._state_dir, self._client_of = client, state_dir, client_of
        self._may_read_advisories = True

    def contents(self) -> BrokerContents:
        """Queues, topics, durable subscriptions and the store, as far as STOMP tells them."""
        notes: list[str] = []
        consumers = self._consumers()
        usage = self._usage()
        queues: Sequence[DestinationStatus] = ()
        topics: Sequence[DestinationStatus] = ()
        if usage is None:
            notes.append(NO_STATISTICS)
            queues = self._queue_names()
        else:
            queues, topics = self._destinations("queue"), self._destinations("topic")
        if not self._may_read_advisories:
            notes.append(NO_ADVISORIES)
        known = self._known_offline(consumers, topics)
        notes += _unknown_offline(consumers, topics, known)
        active = [self._active(one) for one in consumers if one.name]
        if known or active:
            notes.append(f"how many messages wait for a durable subscription is in {ELSEWHERE}")
        return BrokerContents(
            kind="activemq",
            place=self._client.place,
            server=self._client.server,
            queues=tuple(queues),
            topics=tuple(topics),
            subscriptions=(*active, *known),
            store=_store(usage),
            notes=tuple(notes),
        )

    def summary(self) -> BrokerContents:
        """The store alone: lists end after a pause."""
        return BrokerContents(
            "activemq", self._client.place, self._client.server, store=_store(self._usage())
        )

    def browse(self, target: Target, limit: int) -> list[WaitingMessage]:
        """The first messages of a queue, as many as one page of ActiveMQ has (400 as configured)."""
        if not target.destination:
            raise Refused(
                f"{target}: ActiveMQ does not show the messages of a durable subscription over STOMP",
                f"See {ELSEWHERE}",
            )
        return [waiting_message(one) for one in self._client.browse(target.destination, limit)]

    def drop(self, target: Target) -> list[Removal]:
        """Remove durable subscriptions: the client id that made one is needed for it."""
        if any(one.client_id == target.client_id for one in self._consumers()):
            raise Refused(f"{target}: the subscription is in use", "Stop its client first")
        return [self._drop(target.client_id, name) for name in self._names(target)]

    def purge(self, target: Target) -> list[Removal]:
        """Consume what waits in a queue."""
        if not target.destination:
            raise Refused(
                f"{target}: ActiveMQ does not empty a durable subscription over STOMP",
                "Drop it (swf-console broker drop): its client makes it again, empty, when it subscribes",
            )
        taken = self._client.take(target.destination, lambda _: None, count=MOST_PURGED)
        return [Removal(str(target), taken)]

    def compact(self) -> Compaction:
        """Not over STOMP."""
        raise Refused(
            "ActiveMQ does not compact its store on request",
            "It removes data files (KahaDB) by itself once none of their messages waits",
        )

    def _drop(self, client_id: str, name: str) -> Removal:
        with self._client_of(client_id) as owner:
            try:
                owner.remove_durable(name)
            except Refused as error:
                if "No durable subscription" in error.message:
                    raise UsageError(
                        f"durable subscription not found: {client_id} {name}",
                        "List them: swf-console broker subscriptions",
                    ) from error
                raise
        return Removal(f"{client_id} {name}", None)

    def _names(self, target: Target) -> list[str]:
        if target.name:
            return [target.name]
        home = home_subscriptions(self._state_dir, self._client.place)
        names = [one.name for one in home if one.client_id == target.client_id]
        if not names:
            raise UsageError(
                f"{target.client_id}: this home does not know the names of its durable subscriptions",
                "Give the name too: swf-console broker drop CLIENT-ID NAME",
            )
        return list(dict.fromkeys(names))

    def _destinations(self, kind: str) -> list[DestinationStatus]:
        query = f"/{kind}/{DESTINATIONS}>"
        found: list[DestinationStatus] = []
        with closing(self._client.replies(query, "", LIST_HEADERS)) as replies:
            for fields in map(map_of, replies):
                if not fields:  # the end of the list
                    break
                destination = destination_of(fields)
                if destination is not None:
                    found.append(destination)
        return sorted(found, key=lambda one: one.destination)

    def _queue_names(self) -> list[DestinationStatus]:
        """The queues that advisories name: all that is known without the statistics plug-in."""
        found = (
            _at(message, "DestinationInfo", "destination", "string") for message in self._replayed(QUEUES)
        )
        # the query itself has made a queue, where nothing answers it
        names = sorted({str(name) for name in found if name and not str(name).startswith(STATISTICS)})
        return [DestinationStatus(f"/queue/{name}", None, None) for name in names]

    def _usage(self) -> RawMessage | None:
        """The statistics of the broker; None without the plug-in, and where this account may not ask."""
        try:
            return self._client.reply(BROKER_STATISTICS, "", STATISTICS_SECONDS)
        except Refused:
            return None

    def _replayed(self, topic: str) -> Iterable[RawMessage]:
        # there is always one connection, that of this client
        patience = ADVISORY_SECONDS if topic == CONNECTIONS else QUIET_SECONDS
        try:
            return self._client.replayed(topic, patience)
        except Refused:  # the account has no right to read advisories
            self._may_read_advisories = False
            return ()

    def _consumers(self) -> list[ActiveConsumer]:
        clients = {
            _at(message, "ConnectionInfo", "connectionId", "value"): _at(
                message, "ConnectionInfo", "clientId"
            )
            for message in self._replayed(CONNECTIONS)
        }
        found = []
        for message in self._replayed(CONSUMERS):
            kind = str(_at(message, "ConsumerInfo", "destination", "@class") or "")
            name = _at(message, "ConsumerInfo", "destination", "string")
            connection = _at(message, "ConsumerInfo", "consumerId", "connectionId")
            if not name:
                continue
            found.append(
                ActiveConsumer(
                    f"{TOPIC_PREFIX if kind.endswith('Topic') else '/queue/'}{name}",
                    str(clients.get(connection) or connection or ""),
                    str(_at(message, "ConsumerInfo", "subscriptionName") or ""),
                    str(_at(message, "ConsumerInfo", "selector") or "").removeprefix(SELECTOR_PREFIX),
                )
            )
        return found

    def _active(self, consumer: ActiveConsumer) -> DurableSubscription:
        home = home_subscriptions(self._state_dir, self._client.place)
        return DurableSubscription(
            consumer.client_id,
            consumer.name,
            consumer.destination,
            active=True,
            selector=consumer.selector,
            agent=next((one.agent for one in home if one.client_id == consumer.client_id), ""),
        )

    def _known_offline(
        self, consumers: Sequence[ActiveConsumer], topics: Sequence[DestinationStatus]
    ) -> list[DurableSubscription]:
        """Those of this home's agents that are not connected, on topics that have one without a client."""
        connected = {one.client_id for one in consumers}
        waiting = _offline_counts(consumers, topics) if topics else None
        return [
            DurableSubscription(one.client_id, one.name, one.destination, active=False, agent=one.agent)
            for one in home_subscriptions(self._state_dir, self._client.place)
            if one.client_id not in connected and (waiting is None or waiting[one.destination] > 0)
        ]


def _offline_counts(consumers: Sequence[ActiveConsumer], topics: Sequence[DestinationStatus]) -> Counter[str]:
    """How many durable subscriptions of each topic have no client.

    ActiveMQ counts them among a topic's consumers; advisories name the connected ones alone.
    """
    found: Counter[str] = Counter()
    for topic in topics:
        connected = sum(_consumes(one.destination, topic.destination) for one in consumers)
        found[topic.destination] = max(0, (topic.consumers or 0) - connected)
    return found


def _unknown_offline(
    consumers: Sequence[ActiveConsumer],
    topics: Sequence[DestinationStatus],
    known: Sequence[DurableSubscription],
) -> list[str]:
    counts = _offline_counts(consumers, topics) - Counter(one.destination for one in known)
    return [
        f"{topic}: {plural(count, 'durable subscription')} without a client, of another home; "
        f"client ids and names are in {ELSEWHERE}"
        for topic, count in sorted(counts.items())
    ]


def _consumes(subscribed: str, topic: str) -> bool:
    """Whether a consumer of `subscribed`, which may be a pattern, gets the messages of `topic`."""
    # ActiveMQ: `*` stands for one element of the name, `>` for all that follow
    parts = (re.escape(part).replace(r"\*", "[^.]+").replace(">", ".*") for part in subscribed.split("."))
    return re.fullmatch(r"\.".join(parts), topic) is not None


def _store(reply: RawMessage | None) -> StoreUsage | None:
    fields = map_of(reply) if reply is not None else {}
    used, limit = number(fields, "storeUsage"), number(fields, "storeLimit")
    return None if used is None or not limit else StoreUsage(used, limit)


def _at(message: RawMessage, *names: str) -> Any:
    """A value within an advisory's JSON; None where it has no such value."""
    try:
        found: Any = json.loads(message.body)
        for name in names:
            found = found[name]
    except (ValueError, TypeError, KeyError):
        return None
    return found
