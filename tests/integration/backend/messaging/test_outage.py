"""Brokers that stop, die and freeze in mid-stream: nothing is lost, nothing is delivered that was not."""

import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from swf_console.backend.core.settings import BrokerSettings, Settings
from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.embedded import EmbeddedBroker, broker_file
from swf_console.backend.messaging.message import IncomingMessage, make
from swf_console.backend.messaging.ports import Phase
from swf_console.backend.messaging.publisher import Publisher
from swf_console.backend.messaging.subscriber import Subscriber
from swf_console.backend.messaging.subscription import SubscriptionSpec
from tests.support.activemq import ActiveMQ, ActiveMQAddress
from tests.support.outbox import MemoryOutbox
from tests.support.processes.server import Program
from tests.support.proxy import Proxy
from tests.support.waiting import wait_for

E = "execution-1"
SOME = 500
QUICK = (500, 500)
BROKERS = ["embedded", pytest.param("activemq", marks=pytest.mark.activemq)]


class Broker(Protocol):
    """What can be done to a broker."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


@pytest.fixture(params=BROKERS)
def broker(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Broker, Callable[[], BrokerSettings]]]:
    """A running broker of this test alone, and its address."""
    if request.param == "activemq":
        real: ActiveMQ = request.getfixturevalue("private_activemq")
        yield real, lambda: BrokerSettings(real.host, real.port, real.user, real.password)
        return
    state = tmp_path / "state"
    state.mkdir()
    module = "swf_console.backend.broker"
    command = [sys.executable, "-m", module, "--state-dir", str(state)]
    program = Program(command, tmp_path / "log", broker_file(state).exists)
    program.start()
    yield program, EmbeddedBroker(Settings(state, state, "user", "host", "sqlite://")).address
    program.kill()


class Stream:
    """A publisher that sends on and on, and a durable subscriber with a connection of its own."""

    def __init__(
        self, stack: ExitStack, near: Callable[[], BrokerSettings], far: Callable[[], BrokerSettings]
    ) -> None:
        self.topic = f"/topic/outage.{uuid.uuid4()}"
        self.outbox = MemoryOutbox()
        self.connection = self._connect(stack, near, None)
        self.publisher = Publisher(self.connection, self.outbox, window=300, pending=300)
        stack.callback(self.publisher.close, 0.1)
        self.arrived: list[IncomingMessage] = []
        follower = self._connect(stack, far, str(uuid.uuid4()))
        self.subscriber = Subscriber(
            follower, SubscriptionSpec(self.topic, durable_name="outage"), self.arrived.append
        )
        stack.callback(self.subscriber.close)
        self.subscriber.start()
        self.subscriber.wait_subscribed(10)
        self.count = 0
        self.finish = threading.Event()
        stack.callback(self.finish.set)
        self.thread = threading.Thread(target=self._send, daemon=True)

    @staticmethod
    def _connect(
        stack: ExitStack, address: Callable[[], BrokerSettings], client_id: str | None
    ) -> StompConnection:
        made = StompConnection(address, client_id=client_id, heartbeats=QUICK, backoff=(0.05, 0.5))
        stack.callback(made.stop)
        made.start()
        made.wait_up(10)
        return made

    def _send(self) -> None:
        while not self.finish.wait(0.01):
            for _ in range(10):
                self.publisher.publish(make(self.topic, {"number": self.count, "execution_id": E}))
                self.count += 1

    def begin(self) -> None:
        """Send, and return once a part has been delivered."""
        self.thread.start()
        wait_for(lambda: len(self.outbox.delivered) > SOME)

    def check(self) -> None:
        """Everything was delivered and arrived once, in order."""
        before = len(self.outbox.delivered)
        wait_for(lambda: len(self.outbox.delivered) > before + SOME, 60)
        self.finish.set()
        self.thread.join(60)
        assert self.publisher.wait_delivered(E, 60)
        wait_for(lambda: len(self.arrived) >= self.count, 30)
        assert [(message.content or {})["number"] for message in self.arrived] == list(range(self.count))
        assert len(self.outbox.recorded) == len(set(self.outbox.recorded)) == self.count
        assert sorted(self.outbox.delivered) == sorted(self.outbox.recorded)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


Named = tuple[Broker, Callable[[], BrokerSettings]]


def down(stream: Stream) -> bool:
    return stream.connection.state().phase is not Phase.UP


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_broker_restarted_loses_nothing(broker: Named, stack: ExitStack, end: str) -> None:
    program, address = broker
    stream = Stream(stack, address, address)
    stream.begin()

    getattr(program, end)()
    wait_for(lambda: down(stream))
    wait_for(lambda: stream.publisher.oldest_unconfirmed_age() > 0.2)
    program.start()

    stream.check()


def test_broker_process_frozen_delivers_nothing_meanwhile(broker: Named, stack: ExitStack) -> None:
    program, address = broker
    stream = Stream(stack, address, address)
    stream.begin()

    program.freeze()
    try:
        wait_for(lambda: down(stream), 10)
        frozen = len(stream.outbox.delivered)
        wait_for(lambda: stream.publisher.state().pending >= 300)
        assert len(stream.outbox.delivered) == frozen
        assert len(stream.outbox.recorded) <= frozen + 600
    finally:
        program.thaw()

    stream.check()


def test_network_frozen_delivers_everything_afterwards(broker: Named, stack: ExitStack) -> None:
    _, address = broker
    real = address()
    proxy = stack.enter_context(Proxy(real.host, real.port))
    through = BrokerSettings(proxy.host, proxy.port, real.user, real.password)
    stream = Stream(stack, lambda: through, address)
    stream.begin()

    proxy.freeze()
    wait_for(lambda: down(stream), 10)
    confirmed = set(stream.outbox.delivered)
    wait_for(lambda: stream.publisher.state().pending >= 300)
    assert set(stream.outbox.delivered) == confirmed
    proxy.thaw()

    stream.check()


def test_network_cut_repeatedly_loses_nothing(broker: Named, stack: ExitStack) -> None:
    _, address = broker
    real = address()
    proxy = stack.enter_context(Proxy(real.host, real.port))
    through = BrokerSettings(proxy.host, proxy.port, real.user, real.password)
    stream = Stream(stack, lambda: through, address)
    stream.begin()

    for _ in range(5):
        wait_for(lambda: not down(stream))
        proxy.cut()
        wait_for(lambda: down(stream))

    stream.check()


@pytest.mark.activemq
@pytest.mark.parametrize("mutual", [False, True])
def test_tls_messages_are_delivered(activemq: ActiveMQAddress, stack: ExitStack, mutual: bool) -> None:
    broker = BrokerSettings(
        activemq.host,
        (activemq.mutual_tls_port if mutual else activemq.tls_port) or 0,
        activemq.user,
        activemq.password,
        tls=True,
        ca_certs=activemq.ca_file,
        cert_file=activemq.cert_file if mutual else None,
        key_file=activemq.key_file if mutual else None,
    )
    stream = Stream(stack, lambda: broker, lambda: broker)
    stream.begin()
    stream.check()


@pytest.mark.activemq
def test_tls_frozen_network_is_detected(activemq: ActiveMQAddress, stack: ExitStack) -> None:
    proxy = stack.enter_context(Proxy(activemq.host, activemq.tls_port or 0))
    broker = BrokerSettings(
        proxy.host, proxy.port, activemq.user, activemq.password, tls=True, ca_certs=activemq.ca_file
    )
    stream = Stream(stack, lambda: broker, lambda: broker)
    stream.begin()

    proxy.freeze()
    wait_for(lambda: down(stream), 10)
    used = time.process_time()
    wait_for(lambda: stream.publisher.oldest_unconfirmed_age() > 1.0)
    assert time.process_time() - used < 0.5
    proxy.thaw()

    stream.check()


def test_embedded_broker_killed_is_started_again(tmp_path: Path, stack: ExitStack) -> None:
    embedded = EmbeddedBroker(Settings(tmp_path, tmp_path, "user", "host", "sqlite://"))
    stack.callback(embedded.release)
    stream = Stream(stack, embedded.address, embedded.address)
    stream.begin()

    assert embedded.child_pid is not None
    os.kill(embedded.child_pid, signal.SIGKILL)

    stream.check()
    assert embedded.ours
