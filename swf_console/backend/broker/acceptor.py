"""Accepting connections, and what happens when no descriptor is left for them."""

import asyncio
import errno
import socket
from collections.abc import Callable

from .broker import Broker

ACCEPTS_A_TURN = 64
ACCEPT_PAUSE_SECONDS = 0.5
NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Acceptor:
    """Accepts connections. asyncio's own server logs each failed accept: thousands of lines a second."""

    def __init__(
        self, broker: Broker, listener: socket.socket, protocol: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._broker = broker
        self._listener = listener
        self._protocol = protocol
        self._tasks: set[asyncio.Task[object]] = set()
        self._paused: asyncio.TimerHandle | None = None
        broker.on_disconnect.append(lambda: broker.loop.call_soon(self._resume_if_paused))
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
            await broker.loop.connect_accepted_socket(self._protocol, connection)
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
