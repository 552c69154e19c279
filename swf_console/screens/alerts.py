"""Alerts: what needs a human, until a human has seen it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from textual.content import Content

from ..widgets.harmless import brief
from ..widgets.symbols import sign
from ..widgets.tones import COLOURS, Tone

MOST = 500


@dataclass(slots=True)
class Alert:
    """One. `screen` and `where` are the way to what it speaks of; `key` tells the same from another."""

    text: str
    bad: bool = True
    screen: str = ""
    where: dict[str, object] = field(default_factory=dict)
    key: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seen: bool = False


class Alerts:
    """Those of this console, the newest last."""

    def __init__(self) -> None:
        self._all: list[Alert] = []

    def add(self, alert: Alert) -> bool:
        """Add one; False where the same stands there already and nobody has seen it."""
        if any(one.text == alert.text and not one.seen for one in self._all):
            return False
        self._all.append(alert)
        del self._all[:-MOST]
        return True

    def settle(self, key: str) -> None:
        """What that key spoke of is over."""
        for one in self._all:
            if one.key and one.key == key:
                one.seen = True

    def acknowledge(self) -> Alert | None:
        """The newest one has been seen; returns it."""
        newest = self.newest
        if newest is not None:
            newest.seen = True
        return newest

    @property
    def newest(self) -> Alert | None:
        """The newest that nobody has seen."""
        return next((one for one in reversed(self._all) if not one.seen), None)

    @property
    def counts(self) -> tuple[int, int]:
        """How many nobody has seen: what needs a human, what is to be watched."""
        waiting = [one for one in self._all if not one.seen]
        bad = sum(one.bad for one in waiting)
        return bad, len(waiting) - bad


def line_of(alert: Alert | None) -> tuple[Content, Content]:
    """The alert line: what, and how to get there."""
    if alert is None:
        return Content.styled(f" {sign('ok')} no alerts", "dim"), Content("")
    tone: Tone = "bad" if alert.bad else "watch"
    text = f" {sign(tone)} {alert.at:%H:%M:%S} {brief(alert.text, 300)}"
    keys = [("a", "seen"), *([(".", "go there")] if alert.screen else [])]
    right = Content("  ").join(
        Content.assemble((key, "bold $text-accent"), f" {words}") for key, words in keys
    )
    return Content.styled(text, COLOURS[tone]), Content.assemble(right, " ")
