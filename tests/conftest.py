"""Fixtures of every tier: real services, or the reason why a test that needs one is skipped."""

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import NoReturn, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

from .support import services
from .support.activemq import ActiveMQ, ActiveMQAddress
from .support.postgresql import PostgreSQL, PostgreSQLServer
from .support.processes.server import ServiceMissing

T = TypeVar("T")
# A shell that starts the tests in the background passes SIGINT on as ignored, which children inherit:
# with a handler here they start with the default.
signal.signal(signal.SIGINT, signal.default_int_handler)
# the developer's environment must not reach a test
OURS = ("ACTIVEMQ_", "SWF_")
KEPT = (services.ACTIVEMQ_VARIABLE, services.POSTGRESQL_VARIABLE)

# A background job of a shell without job control ignores SIGINT, and so would every child of the tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about the machine's load than about the code.
examples.register_profile(
    "any load", parent=examples(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
examples.load_profile("any load")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(OURS) and name not in KEPT:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def activemq() -> Iterator[ActiveMQAddress]:
    """A real ActiveMQ that every test of this process shares: use destination names of your own."""
    yield from running(services.shared_activemq())


@pytest.fixture
def private_activemq() -> Iterator[ActiveMQ]:
    """A real ActiveMQ of this test alone: stop it, kill it, freeze it, start it again."""
    yield from running(services.own_activemq())


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """A real PostgreSQL that every test of this process shares."""
    yield from running(services.shared_postgresql())


@pytest.fixture
def postgresql_url(postgresql: PostgreSQLServer) -> Iterator[str]:
    """The URL of an empty database of this test alone."""
    with postgresql.fresh_database() as url:
        yield url


@pytest.fixture
def private_postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL of this test alone: stop it, crash it, freeze it, start it again."""
    yield from running(services.own_postgresql())


def running(service: AbstractContextManager[T]) -> Iterator[T]:
    """Yield the service while a test uses it. Where it is not installed: skip, and where CI is true, fail."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(service)
        except ServiceMissing as missing:
            _absent(str(missing))
        yield found


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
