"""Homes of acceptance tests, with both kinds of broker and database, watched for what they leave behind."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from swf_console.backend.database.connection.migrate import upgrade

from ..conftest import running
from ..support import services
from ..support.activemq import ActiveMQ, ActiveMQAddress
from ..support.homes import plain_environment, run
from ..support.processes.site import SWF_CONSOLE, Site
from ..support.processes.testbed import Testbed
from ..support.waiting import wait_for

SHARED = pytest.param("shared", marks=[pytest.mark.activemq, pytest.mark.postgresql])
BACKENDS = ["embedded", SHARED]
END_SECONDS = 15.0


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as `swf-console init` makes it."""
    home = tmp_path_factory.mktemp("template") / "home"
    done = run([SWF_CONSOLE, "init", home], cwd=home.parent, environment=plain_environment())
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def new_home(template: Path, tmp_path: Path) -> Path:
    """A home of this test alone."""
    return shutil.copytree(template, tmp_path / "home")


@pytest.fixture
def testbed(new_home: Path) -> Iterator[Testbed]:
    """A home for `testbed` commands, with the embedded backends."""
    made = Testbed(new_home)
    yield made
    made.close()


@pytest.fixture(params=BACKENDS)
def site(request: pytest.FixtureRequest, new_home: Path) -> Iterator[Site]:
    """A home with its broker up: embedded broker and SQLite, then ActiveMQ and PostgreSQL."""
    with watched(make_site(request, new_home, "activemq")) as made:
        yield made


@pytest.fixture
def embedded_site(new_home: Path) -> Iterator[Site]:
    """A home with the embedded defaults, no broker running yet."""
    with watched(Site(new_home)) as made:
        yield made


@pytest.fixture(params=BACKENDS)
def fragile_site(request: pytest.FixtureRequest, new_home: Path) -> Iterator[Site]:
    """A home whose broker, which is up, the test may stop, kill and freeze."""
    with watched(make_site(request, new_home, "restartable_activemq")) as made:
        yield made


@pytest.fixture(scope="package")
def one_activemq() -> Iterator[ActiveMQ]:
    yield from running(services.own_activemq())


@pytest.fixture
def restartable_activemq(one_activemq: ActiveMQ) -> Iterator[ActiveMQ]:
    """An ActiveMQ that serves one test at a time, running at the start of each."""
    one_activemq.start()
    yield one_activemq
    if one_activemq.running:
        one_activemq.thaw()


def make_site(request: pytest.FixtureRequest, home: Path, activemq: str) -> Site:
    """The site of a parameter; its broker is up, its tables are there."""
    if request.param == "embedded":
        made = Site(home)
        made.broker.start()
        return made
    broker: ActiveMQAddress = request.getfixturevalue(activemq)
    url: str = request.getfixturevalue("postgresql_url")
    upgrade(url)
    made = Site(home, activemq=broker, postgresql_url=url)
    if isinstance(broker, ActiveMQ):
        made.broker = broker
    return made


@contextmanager
def watched(site: Site) -> Iterator[Site]:
    """End the site's broker after the test, and see that nothing else of the site lives on."""
    try:
        yield site
        site.broker_ended()
        try:
            wait_for(lambda: not site.left_behind(), END_SECONDS)
        except AssertionError:
            pytest.fail(f"left behind: {site.left_behind()}")
    finally:
        site.close()
