"""Heart-beats of one connection, both ways. Seconds; 0 is never."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .session import Session

EARLY = 0.9
PATIENCE = 2.0
GRACE_SECONDS = 0.1


class HeartBeat:
    """Beats before the peer misses it, and cuts a peer that missed two of its own.

    While `held`, nothing is read from the peer, so nothing is expected of it.
    """

    def __init__(self, session: "Session") -> None:
        self.held = False
        self._session = session
        self._loop = session.broker.loop
        self._send_every = self._expect_every = 0.0
        self._last_read = self._last_write = 0.0
        self._sending: asyncio.TimerHandle | None = None
        self._expecting: asyncio.TimerHandle | None = None

    def start(self, send_every: float, expect_every: float) -> None:
        """From now on."""
        self._send_every, self._expect_every = send_every * EARLY, expect_every
        self._last_read = self._last_write = self._loop.time()
        if send_every:
            self._sending = self._loop.call_later(self._send_every, self._beat)
        if expect_every:
            self._expecting = self._loop.call_later(expect_every, self._listen)

    def stop(self) -> None:
        """The connection ends."""
        for timer in (self._sending, self._expecting):
            if timer is not None:
                timer.cancel()

    def heard(self) -> None:
        """Bytes have come."""
        self._last_read = self._loop.time()

    def spoke(self) -> None:
        """Bytes were written."""
        self._last_write = self._loop.time()

    def _beat(self) -> None:
        left = self._last_write + self._send_every - self._loop.time()
        if left <= 0.005:
            self._session.beat()
            left = self._send_every
        self._sending = self._loop.call_later(left, self._beat)

    def _listen(self) -> None:
        if self.held:
            self.heard()
        left = self._last_read + self._expect_every * PATIENCE + GRACE_SECONDS - self._loop.time()
        if left <= 0:
            self._session.fail("No heart-beat came from the client")
            return
        self._expecting = self._loop.call_later(left, self._listen)
