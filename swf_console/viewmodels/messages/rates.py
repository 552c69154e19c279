"""Counts messages by second."""

from array import array

SECONDS = 120


class Rates:
    """Counts by second. Seconds are whole ones since the epoch."""

    def __init__(self, seconds: int = SECONDS) -> None:
        self._counts = array("l", [0] * seconds)
        self._newest = 0

    def add(self, second: int, count: int = 1) -> None:
        """Count messages of that second; seconds that are too old are not counted."""
        self._turn(second)
        if second > self._newest - len(self._counts):
            self._counts[second % len(self._counts)] += count

    def last(self, count: int, now: int) -> list[int]:
        """The counts of the last `count` whole seconds before `now`, oldest first."""
        self._turn(now)
        size = len(self._counts)
        return [
            self._counts[second % size] if self._newest - size < second <= self._newest else 0
            for second in range(now - count, now)
        ]

    def per_second(self, now: int, over: int = 5) -> float:
        """The mean of the last whole seconds."""
        return sum(self.last(over, now)) / over

    def _turn(self, second: int) -> None:
        if second <= self._newest:
            return
        size = len(self._counts)
        for passed in range(max(self._newest + 1, second - size + 1), second + 1):
            self._counts[passed % size] = 0
        self._newest = second
