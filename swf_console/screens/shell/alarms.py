"""What needs a human, whatever screen is open: found, painted, journalled, until it is seen or over."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from textual.content import Content

from ...backend.core.errors import SwfError
from ...backend.core.sanitize import brief
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ...backend.services.journal import Entry
from ...viewmodels.context import ConsoleServices
from ...widgets.semantic_colors import COLOURS, Tone
from ...widgets.symbols import sign
from ..base.host import Workers
from ..base.outages import WORDS

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


PATIENCE = 5.0


class AlertLines(Protocol):
    """Where alerts are painted, and what is no alert is said."""

    def show_alerts(self, newest: Alert | None, counts: tuple[int, int]) -> None:
        """How many there are that nobody has seen, and the newest of them."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""


class Alarms:
    """The alerts of this console: what screens raise, what was found elsewhere, pipes that are away."""

    def __init__(self, services: ConsoleServices, lines: AlertLines, workers: Workers) -> None:
        self._services, self._lines, self._workers = services, lines, workers
        self._watch = PipeWatch()
        self.alerts = Alerts()

    def alert(
        self, text: str, *, screen: str = "", where: dict[str, object] | None = None, bad: bool = True
    ) -> None:
        """Something needs a human, or is to be watched: it stands there until it is acknowledged."""
        self.add(Alert(text, bad, screen, where or {}))

    def add(self, alert: Alert) -> None:
        """Show and journal it."""
        if self.alerts.add(alert):
            self._workers.run_worker(lambda: keep_alert(self._services, alert), thread=True, group="journal")
            self.show()

    def acknowledge(self) -> None:
        """The newest alert has been seen."""
        seen = self.alerts.acknowledge()
        self._lines.say(f"seen: {seen.text}" if seen else "there is no alert")
        self.show()

    def look(self) -> None:
        """Take up what has become of the pipes, and what was found on screens that nobody looks at."""
        for change in self._watch.look(self._services.pipes()):
            if isinstance(change, Alert):
                self.add(change)
            else:
                self.alerts.settle(change)
        for one in self._services.findings.take() if self._services.findings else ():
            if one.over:
                self.alerts.settle(one.key)
            elif one.alert:
                self.add(Alert(one.text, one.bad, one.screen, one.where, one.key))
            else:
                self._lines.say(one.text)
        self.show()

    def show(self) -> None:
        """Paint them."""
        self._lines.show_alerts(self.alerts.newest, self.alerts.counts)


class PipeWatch:
    """Remembers since when each pipe is down. A short outage is no alert."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._down_since: dict[str, float] = {}
        self._told: set[str] = set()

    def look(self, pipes: Sequence[ConnectionStatus]) -> Iterator[Alert | str]:
        """An alert for each pipe that has been down too long; the key of an alert that is over."""
        for pipe in pipes:
            if pipe.flow is Connectivity.DOWN:
                since = self._down_since.setdefault(pipe.name, self._now())
                if self._now() - since >= PATIENCE and pipe.name not in self._told:
                    self._told.add(pipe.name)
                    words = f"{WORDS.get(pipe.name, pipe.name)} is away: {_why(pipe)}"
                    yield Alert(words, screen="doctor", key=pipe.name)
            elif pipe.flow in (Connectivity.UP, Connectivity.IDLE):
                self._down_since.pop(pipe.name, None)
                if pipe.name in self._told:
                    self._told.discard(pipe.name)
                    yield pipe.name


def _why(pipe: ConnectionStatus) -> str:
    words = pipe.error or "no reason given"
    return f"{words}. {pipe.advice}" if pipe.advice else words


def keep_alert(services: ConsoleServices, alert: Alert) -> None:
    """Keep an alert in the journal, as far as that can be done."""
    kind = "alert" if alert.bad else "watch"
    entry = Entry(alert.at, "alert", services.settings.user, alert.text, kind, not alert.bad)
    with suppress(SwfError):
        services.journal.append(entry)
