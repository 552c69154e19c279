"""The alarms of one console, until they are acknowledged or cleared."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

MOST = 500


@dataclass(slots=True)
class Alarm:
    """One alarm. `screen` and `where` lead to its subject; `key` identifies the subject."""

    text: str
    bad: bool = True
    screen: str = ""
    where: dict[str, object] = field(default_factory=dict)
    key: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    acknowledged: bool = False


class AlarmList:
    """The alarms of this console, the newest last."""

    def __init__(self) -> None:
        self._all: list[Alarm] = []

    def add(self, alarm: Alarm) -> bool:
        """Add an alarm; False if the same one is not acknowledged yet."""
        if any(one.text == alarm.text and not one.acknowledged for one in self._all):
            return False
        self._all.append(alarm)
        del self._all[:-MOST]
        return True

    def clear(self, key: str) -> None:
        """Acknowledge the alarms of this key: their cause has ended."""
        for one in self._all:
            if one.key and one.key == key:
                one.acknowledged = True

    def acknowledge(self) -> Alarm | None:
        """Acknowledge the newest alarm and return it."""
        newest = self.newest
        if newest is not None:
            newest.acknowledged = True
        return newest

    @property
    def newest(self) -> Alarm | None:
        """The newest that is not acknowledged."""
        return next((one for one in reversed(self._all) if not one.acknowledged), None)

    @property
    def counts(self) -> tuple[int, int]:
        """The numbers of alarms that are not acknowledged: errors, warnings."""
        waiting = [one for one in self._all if not one.acknowledged]
        bad = sum(one.bad for one in waiting)
        return bad, len(waiting) - bad


def attention(bad: int, watch: int) -> str:
    """The numbers of alarms to acknowledge, for the title of the window."""
    return f"{bad} need you" if bad else (f"{watch} to watch" if watch else "ok")
