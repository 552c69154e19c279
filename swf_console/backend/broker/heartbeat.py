"""The heartbeats of one connection: sent before they are due, and expected from the client."""

import asyncio
from collections.abc import Callable

EARLY = 0.9  # a heartbeat that is sent when it is due arrives too late
# STOMP 1.2, Heart-beating: "the receiver SHOULD take into account an error margin"
PATIENCE = 2.0
GRACE_SECONDS = 0.1  # for short periods, in which the scheduling of processes counts


class Heartbeat:
    """Calls `send` when a heartbeat is due, and `fail` once two heartbeats of the client are missing.

    While `paused`, nothing is read from the client, so nothing is expected from it.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, send: Callable[[], None], fail: Callable[[str], None]
    ) -> None:
        self.paused = False
        self._loop = loop
        self._send, self._fail = send, fail
        self._send_every = self._expect_every = 0.0
        self._last_read = self._last_write = 0.0
        self._sending: asyncio.TimerHandle | None = None
        self._expecting: asyncio.TimerHandle | None = None

    def start(self, send_every: float, expect_every: float) -> None:
        """Send and expect one every so many seconds; 0 is never."""
        self._send_every, self._expect_every = send_every * EARLY, expect_every
        self._last_read = self._last_write = self._loop.time()
        if send_every:
            self._sending = self._loop.call_later(self._send_every, self._send_if_due)
        if expect_every:
            self._expecting = self._loop.call_later(expect_every, self._check)

    def stop(self) -> None:
        """Cancel both timers."""
        for timer in (self._sending, self._expecting):
            if timer is not None:
                timer.cancel()

    def received(self) -> None:
        """Bytes were received, which count as a heartbeat."""
        self._last_read = self._loop.time()

    def sent(self) -> None:
        """Bytes were written, which count as a heartbeat."""
        self._last_write = self._loop.time()

    def _send_if_due(self) -> None:
        left = self._last_write + self._send_every - self._loop.time()
        if left <= 0.005:
            self._send()
            left = self._send_every
        self._sending = self._loop.call_later(left, self._send_if_due)

    def _check(self) -> None:
        if self.paused:
            self.received()
        left = self._last_read + self._expect_every * PATIENCE + GRACE_SECONDS - self._loop.time()
        if left <= 0:
            self._fail("No heartbeat came from the client")
            return
        self._expecting = self._loop.call_later(left, self._check)
