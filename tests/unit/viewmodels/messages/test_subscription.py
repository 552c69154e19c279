"""The subscription that fills the message buffer."""

import json

import pytest

from swf_console.backend.core.settings import Settings
from swf_console.backend.messaging.message import make
from swf_console.backend.services.health.connection import Connectivity
from swf_console.testing.memory_broker import MemoryBroker
from swf_console.viewmodels.messages.buffer import MessageBuffer
from swf_console.viewmodels.messages.subscription import MessageSubscription
from tests.support.waiting import wait_for


def test_message_subscription_confirmed_receipt_is_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, receipts = MemoryBroker().connect(), list[tuple[int, str]]()
    monkeypatch.setattr(link, "confirm", lambda session, receipt: receipts.append((session, receipt)))
    subscription = MessageSubscription(settings, MessageBuffer(None), lambda _address: link)
    subscription.start()
    wait_for(lambda: receipts)
    assert subscription.status().state is Connectivity.STARTING

    monkeypatch.undo()
    link.confirm(*receipts[0])

    assert subscription.status().state is Connectivity.UP
    subscription.close()


def test_message_subscription_broker_restart_resumes(settings: Settings) -> None:
    broker = MemoryBroker()
    tail = MessageBuffer(None)
    subscription = MessageSubscription(settings, tail, lambda _address: broker.connect())
    subscription.start()
    wait_for(lambda: subscription.status().state is Connectivity.UP)
    sender = broker.connect()
    sender.start()
    session = sender.wait_up(5)

    def send(session: int) -> None:
        sender.send(session, [make("/topic/epictopic", {"msg_type": "stf_gen"}, namespace="demo")])

    send(session)
    wait_for(lambda: len(tail) == 1)
    broker.stop()
    wait_for(lambda: subscription.status().state is Connectivity.DOWN)
    broker.start()
    wait_for(lambda: subscription.status().state is Connectivity.UP)
    send(sender.wait_up(5))
    wait_for(lambda: len(tail) == 4)
    rows = tail.window(0, 9)
    assert [row.is_note for row in rows] == [False, True, True, False]
    assert "broker connection lost" in rows[1].body
    assert json.loads(rows[3].body)["msg_type"] == "stf_gen"
    subscription.close()
