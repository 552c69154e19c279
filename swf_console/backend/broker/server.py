"""The process: its event loop, its listeners, and how it stops."""

import asyncio
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..core.errors import DatabaseUnusable
from .acceptor import Acceptor
from .address import BrokerAddress, Lock, credentials, listen, read_address, write_address
from .broker import Broker
from .commands import HANDLERS
from .journal import BrokerJournal
from .journal_file import JOURNAL_FILE
from .limits import Limits
from .log import Log
from .session import Session

_loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
# a broker that is run without any library does with asyncio's loop, at a sixth more latency
with suppress(ImportError):
    from uvloop import new_event_loop as _loop_factory

FLUSH_SECONDS = 0.7
DESCRIPTORS = 4096


class Listener(Protocol):
    """Another way to the broker than TCP. `start` returns where it listens, or raises PortInUse."""

    async def start(self, broker: Broker) -> str: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How one broker runs."""

    state_dir: Path
    port: int | None
    until_idle: bool
    sync: str
    limits: Limits
    log: Log
    websocket: Listener | None


def serve(
    state_dir: Path,
    *,
    port: int | None = None,
    until_idle: bool = False,
    sync: str = "full",
    limits: Limits | None = None,
    log: Log | None = None,
    websocket: Listener | None = None,
) -> None:
    """Run the broker of a state directory until SIGTERM or SIGINT; with `until_idle` until it has no client.

    Then standard input must be a pipe from the parent. `websocket` listens too. Raises Refused where one
    runs already, PortInUse, and UsageError where the journal cannot be used.
    """
    lock = Lock(state_dir)
    try:
        with asyncio.Runner(loop_factory=_loop_factory) as runner:
            settings = Settings(
                state_dir, port, until_idle, sync, limits or Limits(), log or Log(), websocket
            )
            runner.run(_run(settings))
    finally:
        lock.release()


async def _run(settings: Settings) -> None:
    state_dir, log = settings.state_dir, settings.log
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: _report(log, context))
    previous = read_address(state_dir)
    login = credentials(previous)
    listener = listen(settings.port, previous.port if previous else None)
    journal = BrokerJournal(state_dir / JOURNAL_FILE, settings.limits, settings.sync)
    ended = asyncio.Event()
    journal.start(loop, ended.set)
    broker = Broker(loop, login, settings.limits, journal, log)
    acceptor = Acceptor(broker, listener, lambda: Session(broker, HANDLERS))
    host, port_number = listener.getsockname()
    broker.address = f"{host}:{port_number}"
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, ended.set)
    idle = IdleShutdown(broker, ended) if settings.until_idle else None
    where: dict[str, object] = {"host": host, "port": port_number}
    if settings.websocket is not None:
        where["websocket"] = await settings.websocket.start(broker)
    write_address(state_dir, BrokerAddress(host, port_number, *login, os.getpid(), settings.until_idle))
    log.info("listening", **where, pid=os.getpid())
    _tune()
    _raise_descriptor_limit()
    await ended.wait()
    acceptor.close()
    if settings.websocket is not None:
        settings.websocket.close()
    if idle is not None:
        idle.stop()
    await _shut_down(broker)
    if journal.broken:
        raise DatabaseUnusable(f"{state_dir}: the journal's thread has died", "See the broker's log")
    log.info("stopped")


def _report(log: Log, context: dict[str, Any]) -> None:
    log.error(context["message"], error=repr(context.get("exception")))


def _tune() -> None:
    """Messages are freed by their reference counts; the collector only costs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    sys.setswitchinterval(0.001)


def _raise_descriptor_limit() -> None:
    """Many systems give 1024 descriptors where more may be had: too few for the connections allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _shut_down(broker: Broker) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(broker.journal.close(), FLUSH_SECONDS)
    for session in tuple(broker.sessions):
        session.close()
    await asyncio.sleep(0)
    for session in tuple(broker.sessions):
        session.abort()


class IdleShutdown:
    """Stops a broker that was started as a child, once its parent is gone and no client is connected."""

    def __init__(self, broker: Broker, ended: asyncio.Event) -> None:
        self._broker = broker
        self._ended = ended
        self._orphaned = False
        try:
            broker.loop.add_reader(0, self._read)
        except OSError:  # a file, or nothing at all
            broker.loop.call_soon(self._end_of_file)
        broker.on_change = self._check

    def _read(self) -> None:
        try:
            if os.read(0, 4096):
                return
        except OSError:
            self._broker.log.warning("standard input cannot be read")
        self.stop()
        self._end_of_file()

    def _end_of_file(self) -> None:
        self._orphaned = True
        if self._broker.accepted:
            self._check()
        else:
            self._broker.loop.call_later(self._broker.limits.first_client_seconds, self._check)

    def _check(self) -> None:
        if self._orphaned and not self._broker.sessions:
            self._ended.set()

    def stop(self) -> None:
        """Stop reading the parent's pipe."""
        with suppress(ValueError):
            self._broker.loop.remove_reader(0)
