"""The alarms of one console, from when they are raised until they are acknowledged or over."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

MOST = 500


@dataclass(slots=True)
class Alarm:
    """One. `screen` and `where` are the way to what it speaks of; `key` tells the same from another."""

    text: str
    bad: bool = True
    screen: str = ""
    where: dict[str, object] = field(default_factory=dict)
    key: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seen: bool = False


class Alarms:
    """Those of this console, the newest last."""

    def __init__(self) -> None:
        self._all: list[Alarm] = []

    def add(self, alarm: Alarm) -> bool:
        """Add one; False where the same stands there already and is not acknowledged."""
        if any(one.text == alarm.text and not one.seen for one in self._all):
            return False
        self._all.append(alarm)
        del self._all[:-MOST]
        return True

    def settle(self, key: str) -> None:
        """What that key spoke of is over."""
        for one in self._all:
            if one.key and one.key == key:
                one.seen = True

    def acknowledge(self) -> Alarm | None:
        """The newest one has been seen; returns it."""
        newest = self.newest
        if newest is not None:
            newest.seen = True
        return newest

    @property
    def newest(self) -> Alarm | None:
        """The newest that is not acknowledged."""
        return next((one for one in reversed(self._all) if not one.seen), None)

    @property
    def counts(self) -> tuple[int, int]:
        """How many are not acknowledged: what needs a human, what is to be watched."""
        waiting = [one for one in self._all if not one.seen]
        bad = sum(one.bad for one in waiting)
        return bad, len(waiting) - bad


def attention(bad: int, watch: int) -> str:
    """The verdict in a word, for a window's title: how many alarms wait to be acknowledged."""
    return f"{bad} need you" if bad else (f"{watch} to watch" if watch else "ok")
