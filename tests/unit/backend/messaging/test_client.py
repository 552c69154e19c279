"""One request and its reply over a connection of its own."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from swf_console.backend.core.settings import Settings
from swf_console.backend.messaging import client
from swf_console.backend.messaging.message import make
from swf_console.backend.messaging.outbox import NoOutbox
from swf_console.testing.memory_broker import MemoryBroker, stranger
from tests.support.waiting import wait_for

QUEUE = "/queue/service"
SHARED = "/topic/replies"

Reply = Callable[[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path, user="shifter", host="here", database_url="")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBroker]:
    """The broker that every connection of the client reaches."""
    made = MemoryBroker()
    monkeypatch.setattr(client, "StompConnection", lambda _address: made.connect())
    yield made
    made.stop()


def asked(
    broker: MemoryBroker, settings: Settings, replies: Reply, *, private: bool, timeout: float = 20.0
) -> dict[str, Any] | None:
    """Ask, and have a service send these replies to the request."""

    def serve() -> None:
        wait_for(lambda: broker.accepted)
        content = json.loads(broker.accepted[0].body)
        for reply in replies(content):
            broker.inject(stranger(content["reply_to"], json.dumps(reply)))

    service = threading.Thread(target=serve)
    service.start()
    try:
        return client.request(
            settings,
            NoOutbox,
            QUEUE,
            {"command": "status"},
            reply_to=lambda correlation: f"{SHARED}.{correlation}" if private else SHARED,
            timeout=timeout,
        )
    finally:
        service.join()


@pytest.mark.parametrize("private", [True, False])
def test_request_takes_the_reply_with_its_id_and_no_other(
    broker: MemoryBroker, settings: Settings, *, private: bool
) -> None:
    def replies(content: dict[str, Any]) -> list[dict[str, Any]]:
        ours = content["correlation_id"]
        return [{"of": "another", "correlation_id": "x"}, {"of": "this", "correlation_id": ours}]

    reply = asked(broker, settings, replies, private=private)
    assert reply is not None
    assert reply["of"] == "this"
    sent = json.loads(broker.accepted[0].body)
    assert (broker.accepted[0].destination, sent["command"]) == (QUEUE, "status")


@pytest.mark.parametrize(("private", "taken"), [(True, True), (False, False)])
def test_request_reply_without_an_id_is_taken_only_from_a_destination_of_its_own(
    broker: MemoryBroker, settings: Settings, *, private: bool, taken: bool
) -> None:
    timeout = 20.0 if taken else 0.2
    reply = asked(broker, settings, lambda _: [{"accepted": True}], private=private, timeout=timeout)
    assert (reply is not None) is taken


def test_send_returns_once_the_broker_has_confirmed(broker: MemoryBroker, settings: Settings) -> None:
    messages = [make(QUEUE, {"msg_type": "x", "n": n}) for n in range(3)]
    assert client.send(settings, NoOutbox(), messages)
    assert [json.loads(one.body)["n"] for one in broker.accepted] == [0, 1, 2]
