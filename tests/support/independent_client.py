"""A durable subscriber that shares no line with swf-console: a thread, a bare socket, frames in order."""

import json
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from .stomp_socket import Closed, Frame, StompSocket
from .waiting import wait_for

EPICTOPIC = "/topic/epictopic"
LOOK_SECONDS = 0.1
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens in plain text, and how to enter."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


class IndependentClient:
    """Follows a topic from `start()` to the end of the `with`, through every outage of the broker.

    `address` is asked before each attempt and may raise OSError where there is no broker. `frames` is all
    that came, `arrivals` counts those of `namespace`, repeated ones too.
    """

    def __init__(self, address: Callable[[], Address], namespace: str, topic: str = EPICTOPIC) -> None:
        self._address, self._namespace, self._topic = address, namespace, topic
        self._name = f"independent-{uuid.uuid4()}"
        self._subscribed, self._ending = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.frames: list[Frame] = []
        self.arrivals = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._subscribed.wait(30), "the independent client could not subscribe"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(10)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The bodies of this namespace's messages in the order of their first arrival, each id once."""
        first: dict[str, dict[str, Any]] = {}
        for frame in list(self.frames):
            body = json.loads(frame.body)
            if body.get("namespace") == self._namespace:
                first.setdefault(frame.headers["swf_message_id"], body)
        return list(first.values())

    @property
    def ids(self) -> set[uuid.UUID]:
        """The swf_message_id of each message of this namespace."""
        return {
            uuid.UUID(frame.headers["swf_message_id"])
            for frame in list(self.frames)
            if frame.headers.get("namespace") == self._namespace
        }

    @property
    def types(self) -> list[str]:
        """The msg_type of each message, in order."""
        return [str(message["msg_type"]) for message in self.messages]

    def wait(self, count: int, timeout: float = 30.0) -> None:
        """Return once `count` frames of this namespace have come."""
        wait_for(lambda: self.arrivals >= count, timeout, every=0.02)

    def wait_for_type(self, msg_type: str, timeout: float = 30.0) -> dict[str, Any]:
        """The first message of a type, once it has come."""
        return wait_for(
            lambda: next((one for one in self.messages if one["msg_type"] == msg_type), {}),
            timeout,
            every=0.02,
        )

    def _follow(self) -> None:
        while not self._ending.is_set():
            with suppress(OSError, Closed):
                self._session()
            self._ending.wait(PAUSE_SECONDS)

    def _session(self) -> None:
        address = self._address()
        with StompSocket(address.host, address.port) as broker:
            answer = broker.connect(address.user, address.password, client_id=self._name)
            if answer.command != "CONNECTED":
                return
            names = {"activemq.subscriptionName": self._name, "durable-subscription-name": self._name}
            wanted = {"ack": "client-individual", "activemq.prefetchSize": 1000, **names}
            if broker.subscribe(self._topic, headers=wanted).command != "RECEIPT":
                return
            self._subscribed.set()
            self._receive(broker)
            broker.ask("UNSUBSCRIBE", {"id": "1"})
            broker.ask("UNSUBSCRIBE", {"id": "1", **names})

    def _receive(self, broker: StompSocket) -> None:
        while not self._ending.is_set():
            try:
                frame = broker.frame(LOOK_SECONDS)
            except TimeoutError:
                continue
            if frame.command == "MESSAGE":
                self.frames.append(frame)
                self.arrivals += frame.headers.get("namespace") == self._namespace
                broker.acknowledge(frame)
