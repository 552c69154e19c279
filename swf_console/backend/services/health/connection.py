"""The state of the connection to one backend."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from ...core.format import with_advice


class Connectivity(StrEnum):
    """The state of a backend. `idle`: it is not running, and starts when it is needed.

    `slow`: it has not answered yet, which proves nothing. `down` and `unusable` need a proof.
    """

    STARTING = "starting"
    UP = "up"
    IDLE = "idle"
    SLOW = "slow"
    DOWN = "down"
    UNUSABLE = "unusable"

    @property
    def is_away(self) -> bool:
        """Whether it is not reachable, or not usable."""
        return self in (Connectivity.DOWN, Connectivity.UNUSABLE)


def readiness_of(*backends: Connectivity) -> str:
    """`ready`, `not ready`, `no answer yet` or `starting`: the worst of these states."""
    if any(state.is_away for state in backends):
        return "not ready"
    if Connectivity.SLOW in backends:
        return "no answer yet"
    return "starting" if Connectivity.STARTING in backends else "ready"


def no_answer_yet(seconds: float) -> str:
    """The text for a backend that has not answered after `seconds`."""
    return f"no answer yet ({seconds:.0f} s)"


SUBJECTS = {"broker": "the broker", "db": "the database", "superv": "supervisord"}


class ConnectionStatus(NamedTuple):
    """A snapshot of a connection. `proved_at` is the last sign of life, `next_at` the next attempt (UTC)."""

    name: str
    state: Connectivity = Connectivity.STARTING
    address: str = ""
    since: datetime | None = None
    proved_at: datetime | None = None
    next_at: datetime | None = None
    error: str = ""
    advice: str = ""

    @property
    def trouble(self) -> str:
        """Why it is not usable, and what to do."""
        return with_advice(self.error or "no reason given", self.advice)

    @property
    def subject(self) -> str:
        """The backend, as the subject of a sentence."""
        return SUBJECTS.get(self.name, self.name)

    def age(self, now: datetime | None = None) -> float | None:
        """Seconds since the last sign of life."""
        return None if self.proved_at is None else max(0.0, _seconds(self.proved_at, now))

    def up_for(self, now: datetime | None = None) -> float | None:
        """Seconds since it came up."""
        return None if self.since is None else max(0.0, _seconds(self.since, now))

    def next_in(self, now: datetime | None = None) -> float | None:
        """Seconds until the next attempt."""
        return None if self.next_at is None else max(0.0, -_seconds(self.next_at, now))


def _seconds(then: datetime, now: datetime | None) -> float:
    return ((now or datetime.now(UTC)) - then).total_seconds()
