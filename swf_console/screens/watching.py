"""What needs a human, whatever screen is open: found, painted, journalled, until it is seen or over."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from ..backend.errors import SwfError
from ..backend.operations.console.journal import Entry
from ..backend.operations.console.pipe import Flow, PipeState
from ..backend.operations.console.services import ConsoleServices
from .alerts import Alert, Alerts
from .host import Workers
from .outages import WORDS

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

    def look(self, pipes: Sequence[PipeState]) -> Iterator[Alert | str]:
        """An alert for each pipe that has been down too long; the key of an alert that is over."""
        for pipe in pipes:
            if pipe.flow is Flow.DOWN:
                since = self._down_since.setdefault(pipe.name, self._now())
                if self._now() - since >= PATIENCE and pipe.name not in self._told:
                    self._told.add(pipe.name)
                    words = f"{WORDS.get(pipe.name, pipe.name)} is away: {_why(pipe)}"
                    yield Alert(words, screen="doctor", key=pipe.name)
            elif pipe.flow in (Flow.UP, Flow.IDLE):
                self._down_since.pop(pipe.name, None)
                if pipe.name in self._told:
                    self._told.discard(pipe.name)
                    yield pipe.name


def _why(pipe: PipeState) -> str:
    words = pipe.error or "no reason given"
    return f"{words}. {pipe.advice}" if pipe.advice else words


def keep_alert(services: ConsoleServices, alert: Alert) -> None:
    """Keep an alert in the journal, as far as that can be done."""
    kind = "alert" if alert.bad else "watch"
    entry = Entry(alert.at, "alert", services.settings.user, alert.text, kind, not alert.bad)
    with suppress(SwfError):
        services.journal.append(entry)
