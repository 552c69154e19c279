"""Counts the messages of topics that a subscription without durability missed, by the broker's statistics.

A broker sends a topic's message only to those who are connected, and cuts off a subscriber that is too slow:
nothing in the messages tells how many were missed. Its counter of a topic does, compared with what came.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from ..core.errors import SwfError
from ..core.settings import BrokerSettings
from .broker_client import ANSWER_SECONDS, QUIET_SECONDS, REQUEST_SECONDS, BrokerClient
from .connection import StompConnection

STATISTICS = "/topic/ActiveMQ.Statistics.Destination."
BROKER_STATISTICS = "/queue/ActiveMQ.Statistics.Broker"
SAMPLES, SAMPLE_SECONDS = 3, 0.2
ONE_ATTEMPT = (60.0, 60.0)  # a connection for one question must not be made again


class LossMeter:
    """Measures on a thread of its own, after each subscription that `subscribed` reports.

    `received` is how many messages have been received since the start. `on_gap` is called after each new
    subscription but the first with how many were missed before it, None if the broker does not tell.
    """

    def __init__(
        self,
        address: Callable[[], BrokerSettings],
        topics: Sequence[str],
        received: Callable[[], int],
        on_gap: Callable[[int | None], None] | None = None,
    ) -> None:
        self.missed = self.unknown = 0
        self._address, self._topics, self._received, self._on_gap = address, topics, received, on_gap
        self._started = False
        self._base: int | None = None
        self._last = 0
        self._due, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="loss meter", daemon=True)
        self._thread.start()

    def subscribed(self) -> None:
        """The broker has confirmed a subscription; returns immediately."""
        self._due.set()

    def close(self) -> None:
        """Measure no more."""
        self._closed.set()
        self._due.set()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._closed.is_set():
                return
            self.note(*self._measured())

    def note(self, enqueued: int | None, received: int) -> None:
        """Compare the broker's counter with what was received until then; None if there is no counter."""
        gap, self._started = self._started, True
        size = self._size(enqueued, received) if gap else 0
        if gap and size is None:
            self.unknown += 1
        self.missed += size or 0
        if enqueued is not None:
            # the base of later comparisons: a broker that was restarted counts from 0 again
            if self._base is None or size is None:
                self._base = enqueued - received - self.missed
            self._last = enqueued
        if gap and self._on_gap is not None:
            self._on_gap(size)

    def _size(self, enqueued: int | None, received: int) -> int | None:
        if enqueued is None or self._base is None or enqueued < self._last:
            return None
        # exact but for messages on their way; never below what was counted before
        return max(0, enqueued - received - self._base - self.missed)

    def _measured(self) -> tuple[int | None, int]:
        """How many messages the broker has accepted for the topics, and how many were received by then."""
        connection = StompConnection(self._address, backoff=ONE_ATTEMPT)
        connection.start()
        try:
            client = BrokerClient(connection)
            found = [self._ask(client)]
            # messages on their way are counted and not received: the smallest difference has the fewest
            while found[0][0] is not None and len(found) < SAMPLES and not self._closed.wait(SAMPLE_SECONDS):
                found.append(self._ask(client))
            return min(found, key=lambda one: (one[0] or 0) - one[1])
        except SwfError:
            return None, self._received()
        finally:
            connection.stop()

    def _ask(self, client: BrokerClient) -> tuple[int | None, int]:
        reply_to = f"/temp-queue/{uuid.uuid4().hex}"
        asked = {"reply-to": reply_to, "expires": str(int((time.time() + REQUEST_SECONDS) * 1000))}
        counts: dict[str, int] = {}
        received, answered = self._received(), False
        with client.subscribed(reply_to, {"transformation": "jms-map-json"}) as replies:
            for topic in self._topics:
                client.send(STATISTICS + topic.removeprefix("/topic/"), "", asked)
            # a topic without messages gets no reply: that of the broker tells whether it has statistics
            client.send(BROKER_STATISTICS, "", asked)
            patience = ANSWER_SECONDS
            while (reply := replies.next(patience)) is not None:
                destination, count = read_counter(reply.body)
                if destination is None:
                    answered = True
                elif f"/topic/{destination}" in self._topics:
                    counts[destination], received = count, self._received()
                if answered and len(counts) == len(self._topics):
                    break
                patience = QUIET_SECONDS if answered else ANSWER_SECONDS
        return (sum(counts.values()), received) if answered or counts else (None, received)


def read_counter(body: str) -> tuple[str | None, int]:
    """The topic and the counter in a reply in the form `jms-map-json`; no topic in that of the broker."""
    try:
        entries: Any = json.loads(body)["map"]["entry"]
        fields = dict(_field(entry) for entry in entries)
        name = str(fields.get("destinationName", ""))
        topic = name.removeprefix("topic://") if name.startswith("topic://") else None
        return topic, int(fields["enqueueCount"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, 0


def _field(entry: dict[str, Any]) -> tuple[str, Any]:
    # two texts are one list; a text and a number are two members, the name first
    text = entry["string"]
    if isinstance(text, list):
        return str(text[0]), text[1]
    return str(text), next((value for kind, value in entry.items() if kind != "string"), None)
