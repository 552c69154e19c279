"""A backend down at the start, restarted, slow, flapping, sending garbage: the console shows it and recovers.

The backends are real ones behind a proxy: the embedded broker, PostgreSQL, supervisord.
"""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from textual.pilot import Pilot

from swf_console.app import ConsoleApp
from swf_console.backend.core.settings import load_settings, private_directory, sqlite_url
from swf_console.backend.database import Database, open_database
from swf_console.backend.database.connection.migrate import upgrade
from swf_console.backend.services.health.connection import Connectivity
from swf_console.viewmodels.context import ConsoleContext
from tests.support.history import add_execution
from tests.support.homes import plain_environment
from tests.support.postgresql import PostgreSQLServer
from tests.support.processes.broker import BrokerProcess
from tests.support.processes.supervisord import make_home, supervised
from tests.support.proxy import Proxy
from tests.support.stomp_socket import StompSocket

from .hosts import until

PATIENCE = 30.0
AGENT = "example-data-agent"
SCREENS = {"broker": ("3", "MESSAGES"), "db": ("4", "EXECUTIONS"), "superv": ("2", "AGENTS")}
STALE = ("STALE", "NOT CONNECTED", "NOT READ YET", "o answer yet", "supervisord deaf")
NAMES = {"broker": "the broker:", "db": "the database:", "superv": "supervisord"}

# what stands beside the age: the cause, what to do, when it is tried again
BESIDE = {
    "broker": ("next try in", "no program listens", "ACTIVEMQ_PORT"),
    "db": ("next try in", "Connection refused", "SWF_DATABASE_URL"),
    "superv": ("socket", "kill"),
}


class World:
    """Three backends, one of them behind a proxy, and the console that looks at them."""

    def __init__(
        self, folder: Path, faulty: str, postgresql: PostgreSQLServer | None, stack: ExitStack
    ) -> None:
        self.faulty, self._stack = faulty, stack
        self._numbers = itertools.count(1)
        self.home, state = make_home(folder / "home"), private_directory(folder / "state")
        broker = BrokerProcess(private_directory(folder / "broker"))
        stack.callback(broker.end)
        address = broker.start()
        self._client: StompSocket = broker.connect()
        url = sqlite_url(state / "swf.db")
        if postgresql is not None:
            url = stack.enter_context(postgresql.fresh_database())
            upgrade(url)
        self.database: Database = open_database(url)
        stack.callback(self.database.close)
        daemon = stack.enter_context(supervised(self.home, state))
        daemon.ensure_running()
        daemon.start([AGENT])
        broker_address = (address.host, address.port)
        if faulty == "broker":
            self.proxy = stack.enter_context(Proxy(*broker_address))
            broker_address = (self.proxy.host, self.proxy.port)
        elif faulty == "db":
            parts = urlsplit(url)
            self.proxy = stack.enter_context(Proxy(parts.hostname or "", parts.port or 5432))
            entry = parts.netloc.rpartition("@")[0]
            url = urlunsplit(parts._replace(netloc=f"{entry}@{self.proxy.host}:{self.proxy.port}"))
        else:
            self.proxy = stack.enter_context(Proxy.before(state / "supervisor.sock"))
        environment = plain_environment(
            SWF_STATE_DIR=str(state),
            SWF_DATABASE_URL=url,
            USER="shifter",
            ACTIVEMQ_HOST=broker_address[0],
            ACTIVEMQ_PORT=str(broker_address[1]),
            ACTIVEMQ_USER=address.user,
            ACTIVEMQ_PASSWORD=address.password,
        )
        self.context = ConsoleContext(load_settings(environment, home=self.home), "demo")

    def something_new(self, backend: str) -> str:
        """Something happens there; the text that must come on screen."""
        number = next(self._numbers)
        if backend == "broker":
            body = {"msg_type": "stf_gen", "namespace": "demo", "filename": f"swf.100010.{number:06d}.stf"}
            self._client.put("/topic/epictopic", json.dumps(body))
            return str(body["filename"])
        if backend == "db":
            return add_execution(self.database, number)
        return "RUNNING"


class Console:
    """The console under test: keys and screen content."""

    def __init__(self, world: World, app: ConsoleApp, pilot: Pilot[int]) -> None:
        self.world, self.app, self.pilot = world, app, pilot

    @property
    def screen(self) -> str:
        """What is on it."""
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips())

    async def wait_for(self, *texts: str) -> str:
        """Wait until all of these are on screen at once."""
        try:
            await until(self.pilot, lambda: all(text in self.screen for text in texts), PATIENCE)
        except AssertionError:
            raise AssertionError(f"{texts} did not appear on\n{self.screen}") from None
        return self.screen

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until that holds."""
        try:
            await until(self.pilot, holds, PATIENCE)
        except AssertionError:
            raise AssertionError(f"it did not happen\n{self.screen}") from None

    def flow(self, backend: str) -> Connectivity:
        """The state of that connection."""
        return next(one.state for one in self.world.context.connections() if one.name == backend)

    async def works(self, backend: str) -> None:
        """What happens at that backend is on its screen, and nothing there is stale."""
        key, title = SCREENS[backend]
        await self.pilot.press(key)
        news = self.world.something_new(backend)
        await self.wait_for(title, news)
        await self.wait_until(lambda: not self.stale() or self.about_the_faulty(backend))

    def about_the_faulty(self, backend: str) -> bool:
        """Whether what is stale there is of the faulty backend: agents have heart-beats in the database."""
        return backend != self.world.faulty and NAMES[self.world.faulty] in self.screen

    async def others_work(self) -> None:
        """The screens of the other two backends."""
        for backend in SCREENS:
            if backend != self.world.faulty:
                await self.works(backend)

    def stale(self) -> bool:
        """Whether the screen says that it is old; row 1 does not count."""
        return any(word in self.screen.partition("\n")[2] for word in STALE)

    async def says_it_is_stale(self) -> None:
        """The screen of the faulty backend does."""
        key, title = SCREENS[self.world.faulty]
        await self.pilot.press(key)
        await self.wait_for(title)
        await self.wait_until(self.stale)

    async def recovers(self) -> None:
        """Without a key pressed, the connection is up again; then its screen works."""
        await self.wait_until(lambda: self.flow(self.world.faulty) is Connectivity.UP)
        await self.wait_until(lambda: not self.stale())
        await self.works(self.world.faulty)
        assert len(self.app.screen_stack) == 1


Steps = Callable[[Console], Awaitable[None]]


@pytest.fixture(params=["broker", pytest.param("db", marks=pytest.mark.postgresql), "superv"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The backends, and which of them fails."""
    faulty: str = request.param
    postgresql = request.getfixturevalue("postgresql") if faulty == "db" else None
    with ExitStack() as stack:
        yield World(tmp_path, faulty, postgresql, stack)


def play(world: World, steps: Steps, size: tuple[int, int] = (80, 24)) -> None:
    """Open the console and take the steps."""

    async def run() -> None:
        app = ConsoleApp(world.context, environ={})
        async with app.run_test(size=size) as pilot:
            await steps(Console(world, app, pilot))
            assert app.is_running

    try:
        asyncio.run(run())
    finally:
        world.context.close()


def test_backend_down_at_start_keeps_console_usable(world: World) -> None:
    async def steps(console: Console) -> None:
        await console.others_work()
        await console.says_it_is_stale()
        world.proxy.heal()
        await console.recovers()

    world.proxy.refuse()
    play(world, steps)


def test_backend_restarted_console_recovers(world: World) -> None:
    async def steps(console: Console) -> None:
        await console.works(world.faulty)
        world.proxy.refuse()
        await console.says_it_is_stale()
        await console.wait_for("STALE", *BESIDE[world.faulty])
        await console.others_work()
        world.proxy.heal()
        await console.recovers()

    play(world, steps)


def test_backend_slow_by_five_seconds_blocks_no_key(world: World) -> None:
    async def steps(console: Console) -> None:
        await console.works(world.faulty)
        world.proxy.slow(5.0)
        if world.faulty != "broker":
            await console.says_it_is_stale()
        await console.others_work()
        world.proxy.heal()
        await console.recovers()

    play(world, steps)


def test_backend_flapping_console_recovers(world: World) -> None:
    async def steps(console: Console) -> None:
        await console.works(world.faulty)
        for _ in range(2):
            world.proxy.refuse()
            await console.wait_until(lambda: console.flow(world.faulty) is not Connectivity.UP)
            world.proxy.heal()
            await console.wait_until(lambda: console.flow(world.faulty) is Connectivity.UP)
        await console.others_work()
        await console.recovers()

    play(world, steps)


def test_backend_sending_garbage_shows_problem(world: World) -> None:
    async def steps(console: Console) -> None:
        await console.works(world.faulty)
        world.proxy.garble()
        world.something_new(world.faulty)
        await console.says_it_is_stale()
        await console.others_work()
        world.proxy.heal()
        await console.recovers()

    play(world, steps)
