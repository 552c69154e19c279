"""The brokers under test: embedded ones, and for contract and conformance tests a real ActiveMQ too."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.activemq import ActiveMQAddress
from tests.support.broker_access import BrokerAccess, Connect
from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import StompSocket

NAMES = itertools.count(1)
LimitedBroker = Callable[..., BrokerProcess]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    """An embedded broker of this test alone; its log must not contain errors."""
    process = BrokerProcess(tmp_path)
    process.start()
    yield process
    process.end()


@pytest.fixture(scope="module")
def embedded_access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerAccess]:
    """An embedded broker for the tests of a module."""
    broker = BrokerProcess(tmp_path_factory.mktemp("broker"))
    address = broker.start()
    yield BrokerAccess("embedded", address.host, address.port, address.user, address.password)
    assert broker.stop() == 0
    assert "ERROR" not in broker.log.read_text()


@pytest.fixture(params=["embedded", pytest.param("activemq", marks=pytest.mark.activemq)])
def access(request: pytest.FixtureRequest) -> BrokerAccess:
    """The broker under test: each of the two."""
    if request.param == "embedded":
        embedded: BrokerAccess = request.getfixturevalue("embedded_access")
        return embedded
    real: ActiveMQAddress = request.getfixturevalue("activemq")
    return BrokerAccess("activemq", real.host, real.port, real.user, real.password)


@pytest.fixture
def connect(access: BrokerAccess) -> Iterator[Connect]:
    """Opens logged-in connections to the broker under test; all are closed at the end."""
    with ExitStack() as stack:

        def start(version: str = "1.2", **headers: object) -> StompSocket:
            client = stack.enter_context(access.open())
            answer = client.connect(access.user, access.password, version, **headers)
            assert answer.command == "CONNECTED", answer
            return client

        yield start


@pytest.fixture
def name() -> str:
    """A destination's name of this test alone."""
    return f"contract.{uuid.uuid4().hex[:12]}.n{next(NAMES)}"


@pytest.fixture
def limited_broker(tmp_path: Path) -> Iterator[LimitedBroker]:
    """Starts a broker with other limits, by their names; it ends with the test."""
    with ExitStack() as stack:

        def started(**limits: float) -> BrokerProcess:
            process = BrokerProcess(tmp_path, limits=limits)
            stack.callback(process.end)
            process.start()
            return process

        yield started
