"""Replays a recorded run from its state events: its state at any time, at any speed."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...backend.database.records.workflows import StateEvent

SLOWEST, FASTEST = 1 / 16, 4096.0


@dataclass(frozen=True, slots=True)
class ReplayEvent:
    """An event and its time in the run, in seconds since the first event."""

    at: float
    event: "StateEvent"


def replay_events(events: Sequence["StateEvent"]) -> tuple[ReplayEvent, ...]:
    """Events with their simulated time, or their wall time if not every event has a simulated one."""
    if not events:
        return ()
    ticks = [_tick(event) for event in events]
    if all(tick is not None for tick in ticks):
        times = [float(tick or 0.0) for tick in ticks]
    else:
        times = [(event.timestamp - events[0].timestamp) / timedelta(seconds=1) for event in events]
    first = min(times)
    ordered = sorted(zip(times, range(len(events)), strict=True))
    return tuple(ReplayEvent(time - first, events[n]) for time, n in ordered)


class Replay:
    """A position in a run's events that advances while it plays. Times are seconds of the run."""

    def __init__(self, events: Sequence[ReplayEvent], speed: float = 1.0) -> None:
        self.events = tuple(events)
        self._times = [event.at for event in self.events]
        self.at = 0.0
        self.speed = speed
        self.playing = False

    @property
    def length(self) -> float:
        """Seconds from the first event to the last."""
        return self._times[-1] if self._times else 0.0

    @property
    def passed(self) -> tuple[ReplayEvent, ...]:
        """The events up to now."""
        return self.events[: bisect_right(self._times, self.at)]

    @property
    def ended(self) -> bool:
        """Whether the position is at the last event."""
        return self.at >= self.length

    def play(self) -> None:
        """Play or pause; at the end it starts again."""
        if self.ended and not self.playing:
            self.at = 0.0
        self.playing = not self.playing

    def advance(self, seconds: float) -> None:
        """Advance by `seconds` of wall time."""
        if self.playing:
            self.at = min(self.length, self.at + seconds * self.speed)
            self.playing = not self.ended

    def faster(self, factor: float) -> None:
        """Play `factor` times as fast."""
        self.speed = max(SLOWEST, min(FASTEST, self.speed * factor))

    def step(self, by: int) -> None:
        """Go to the next or the previous event, and pause there."""
        self.playing = False
        if by > 0:
            self.at = next((time for time in self._times if time > self.at), self.length)
        else:
            self.at = next((time for time in reversed(self._times) if time < self.at), 0.0)

    def seek(self, at: float) -> None:
        """Go to a time of the run."""
        self.at = max(0.0, min(at, self.length))


def _tick(event: "StateEvent") -> float | None:
    data = event.event_data if isinstance(event.event_data, dict) else {}
    tick = data.get("simulation_tick")
    return float(tick) if isinstance(tick, (int, float)) and not isinstance(tick, bool) else None
