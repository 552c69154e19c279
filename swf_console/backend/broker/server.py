"""The process: one loop, one listening socket, and the ways it ends."""

import asyncio
import errno
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..core.errors import DatabaseUnusable
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
ACCEPTS_A_TURN = 64
ACCEPT_PAUSE_SECONDS = 0.5
DESCRIPTORS = 4096
NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def serve(
    state_dir: Path,
    *,
    port: int | None = None,
    until_idle: bool = False,
    sync: str = "full",
    limits: Limits | None = None,
    log: Log | None = None,
) -> None:
    """Run the broker of a state directory until SIGTERM or SIGINT; with `until_idle` until it has no client.

    Then standard input must be a pipe from the parent. Raises Refused where one runs already, PortInUse, and
    UsageError where the journal cannot be used.
    """
    lock = Lock(state_dir)
    try:
        with asyncio.Runner(loop_factory=_loop_factory) as runner:
            runner.run(_run(state_dir, port, until_idle, sync, limits or Limits(), log or Log()))
    finally:
        lock.release()


async def _run(
    state_dir: Path, port: int | None, until_idle: bool, sync: str, limits: Limits, log: Log
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: _report(log, context))
    previous = read_address(state_dir)
    login = credentials(previous)
    listener = listen(port, previous.port if previous else None)
    journal = BrokerJournal(state_dir / JOURNAL_FILE, limits, sync)
    ended = asyncio.Event()
    journal.start(loop, ended.set)
    broker = Broker(loop, login, limits, journal, log)
    acceptor = Acceptor(broker, listener)
    host, port_number = listener.getsockname()
    broker.address = f"{host}:{port_number}"
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, ended.set)
    idle = IdleShutdown(broker, ended) if until_idle else None
    write_address(state_dir, BrokerAddress(host, port_number, *login, os.getpid(), until_idle))
    log.info("listening", host=host, port=port_number, pid=os.getpid())
    _tune()
    _raise_descriptor_limit()
    await ended.wait()
    acceptor.close()
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


class Acceptor:
    """Accepts connections. asyncio's own server logs each failed accept: thousands of lines a second."""

    def __init__(self, broker: Broker, listener: socket.socket) -> None:
        self._broker = broker
        self._listener = listener
        self._tasks: set[asyncio.Task[object]] = set()
        self._paused: asyncio.TimerHandle | None = None
        broker.on_disconnect = lambda: broker.loop.call_soon(self._resume_if_paused)
        self._resume()

    def _resume(self) -> None:
        self._paused = None
        self._broker.loop.add_reader(self._listener, self._accept)

    def _resume_if_paused(self) -> None:
        if self._paused is not None:  # the connection that has gone leaves its descriptor to another one
            self._paused.cancel()
            self._resume()

    def _accept(self) -> None:
        for _ in range(ACCEPTS_A_TURN):
            try:
                connection, _peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in NO_DESCRIPTORS:
                    raise
                self._pause(error)
                return
            connection.setblocking(False)
            task = self._broker.loop.create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        broker = self._broker
        try:
            await broker.loop.connect_accepted_socket(lambda: Session(broker, HANDLERS), connection)
        except OSError:  # the client has gone already
            connection.close()

    def _pause(self, error: OSError) -> None:
        loop = self._broker.loop
        loop.remove_reader(self._listener)
        self._paused = loop.call_later(ACCEPT_PAUSE_SECONDS, self._resume)
        self._broker.log.repeated(
            "accept paused", 1, error=error.strerror, connections=len(self._broker.sessions)
        )

    def close(self) -> None:
        """Stop listening."""
        if self._paused is not None:
            self._paused.cancel()
            self._paused = None
        self._broker.loop.remove_reader(self._listener)
        self._listener.close()


class IdleShutdown:
    """Ends a broker that was started as a child, once its parent is gone and no client is connected."""

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
        """Read the parent's pipe no more."""
        with suppress(ValueError):
            self._broker.loop.remove_reader(0)
