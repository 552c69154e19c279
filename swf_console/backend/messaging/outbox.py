"""Recording messages before they are sent, with retries."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from ..core.errors import SwfError
from .message import Delivery, OutgoingMessage

logger = logging.getLogger(__name__)

BACKOFF = (0.05, 2.0)


class Outbox(Protocol):
    """Where messages are recorded before they are sent."""

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:
        """Record both in one transaction; an exception means that neither is recorded, and is retried."""


class ExecutionsLost(SwfError):
    """Raised by record() and prove(): these executions belong to another process, nothing was recorded."""

    def __init__(self, executions: Collection[str]) -> None:
        super().__init__(f"lease lost: {', '.join(sorted(executions))}")
        self.executions = frozenset(executions)


class SendFence(Protocol):
    """Whether messages of an execution may be sent: only while this process holds its lease."""

    def may_send(self, executions: Collection[str | None]) -> bool:
        """Whether all of them are held by the local clock; called before each write, never waits."""

    def prove(self) -> None:
        """Renew the leases in the database. Raises ExecutionsLost; any other error means: try again."""


class NoOutbox:
    """An outbox for messages that are useless later and must not wait for the database."""

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:
        """Record nothing."""


class OutboxFailure(NamedTuple):
    """Why recording fails, and since when (UTC)."""

    error: str
    since: datetime


class RetryingOutbox:
    """Retries an Outbox until it has recorded; `pause` waits that long and returns whether to continue."""

    def __init__(self, outbox: Outbox, pause: Callable[[float], bool]) -> None:
        self._outbox = outbox
        self._pause = pause
        self.failure: OutboxFailure | None = None

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> float | None:
        """Record both; returns the seconds of the last attempt, None if `pause` ended the retries."""
        pause, longest = BACKOFF
        while True:
            started = time.monotonic()
            try:
                self._outbox.record(new, delivered)
            except ExecutionsLost:
                self.failure = None
                raise
            except Exception as error:  # noqa: BLE001 (whatever it is, nothing may be sent unrecorded)
                self._failed(error)
                if not self._pause(pause):
                    return None
                pause = min(pause * 2, longest)
            else:
                self.failure = None
                return time.monotonic() - started

    def _failed(self, error: Exception) -> None:
        if self.failure is None:
            logger.warning("outbox: recording messages failed, retrying: %s", error)
        since = self.failure.since if self.failure else datetime.now(UTC)
        self.failure = OutboxFailure(str(error) or type(error).__name__, since)
