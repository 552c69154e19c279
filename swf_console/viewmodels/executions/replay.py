"""A past run once more from its state events: where it was at any moment, at any speed."""

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
    """An event and its place in the run, in seconds since the first one."""

    at: float
    event: "StateEvent"


def replay_events(events: Sequence["StateEvent"]) -> tuple[ReplayEvent, ...]:
    """Events with their place in simulated time, or in wall time where a workflow did not say its own."""
    if not events:
        return ()
    ticks = [_tick(event) for event in events]
    if all(tick is not None for tick in ticks):
        places = [float(tick or 0.0) for tick in ticks]
    else:
        places = [(event.timestamp - events[0].timestamp) / timedelta(seconds=1) for event in events]
    first = min(places)
    ordered = sorted(zip(places, range(len(events)), strict=True))
    return tuple(ReplayEvent(place - first, events[n]) for place, n in ordered)


class Replay:
    """A position in a run's events that goes on by itself while it plays. Times are seconds of the run."""

    def __init__(self, moments: Sequence[ReplayEvent], speed: float = 1.0) -> None:
        self.moments = tuple(moments)
        self._places = [moment.at for moment in self.moments]
        self.at = 0.0
        self.speed = speed
        self.playing = False

    @property
    def length(self) -> float:
        """From the first event to the last."""
        return self._places[-1] if self._places else 0.0

    @property
    def passed(self) -> tuple[ReplayEvent, ...]:
        """The events up to now."""
        return self.moments[: bisect_right(self._places, self.at)]

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to come."""
        return self.at >= self.length

    def play(self) -> None:
        """Play or pause; at the end it begins again."""
        if self.ended and not self.playing:
            self.at = 0.0
        self.playing = not self.playing

    def advance(self, seconds: float) -> None:
        """Let `seconds` of the wall clock go by."""
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
            self.at = next((place for place in self._places if place > self.at), self.length)
        else:
            self.at = next((place for place in reversed(self._places) if place < self.at), 0.0)

    def seek(self, at: float) -> None:
        """Go to a moment of the run."""
        self.at = max(0.0, min(at, self.length))


def _tick(event: "StateEvent") -> float | None:
    data = event.event_data if isinstance(event.event_data, dict) else {}
    tick = data.get("simulation_tick")
    return float(tick) if isinstance(tick, (int, float)) and not isinstance(tick, bool) else None
