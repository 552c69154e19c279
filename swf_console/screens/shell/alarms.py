"""What needs a human, whatever screen is open: painted and journalled until it is acknowledged or over."""

from contextlib import suppress
from typing import Protocol

from textual.content import Content

from ...backend.core.errors import SwfError
from ...backend.core.sanitize import brief
from ...backend.services.alarms.notices import Alarm, Alarms
from ...backend.services.journal import Entry
from ...viewmodels.context import ConsoleContext
from ...widgets.semantic_colors import COLOURS, Tone
from ...widgets.symbols import sign
from ..base.host import Workers


def alarm_line(alarm: Alarm | None) -> tuple[Content, Content]:
    """The alarm line: what, and how to get there."""
    if alarm is None:
        return Content.styled(f" {sign('ok')} no alerts", "dim"), Content("")
    tone: Tone = "bad" if alarm.bad else "watch"
    text = f" {sign(tone)} {alarm.at:%H:%M:%S} {brief(alarm.text, 300)}"
    keys = [("a", "seen"), *([(".", "go there")] if alarm.screen else [])]
    right = Content("  ").join(
        Content.assemble((key, "bold $text-accent"), f" {words}") for key, words in keys
    )
    return Content.styled(text, COLOURS[tone]), Content.assemble(right, " ")


class AlarmLines(Protocol):
    """Where alarms are painted, and what is no alarm is said."""

    def show_alarms(self, newest: Alarm | None, counts: tuple[int, int]) -> None:
        """How many are not acknowledged, and the newest of them."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""


class AlarmBar:
    """The alarms of this console: what screens raise, and what the rules report."""

    def __init__(self, services: ConsoleContext, lines: AlarmLines, workers: Workers) -> None:
        self._services, self._lines, self._workers = services, lines, workers
        self.raised = Alarms()

    def alert(
        self, text: str, *, screen: str = "", where: dict[str, object] | None = None, bad: bool = True
    ) -> None:
        """Something needs a human, or is to be watched: it stands there until it is acknowledged."""
        self.add(Alarm(text, bad, screen, where or {}))

    def add(self, alarm: Alarm) -> None:
        """Show and journal it."""
        if self.raised.add(alarm):
            self._workers.run_worker(lambda: keep_alarm(self._services, alarm), thread=True, group="journal")
            self.show()

    def acknowledge(self) -> None:
        """The newest alarm has been seen."""
        seen = self.raised.acknowledge()
        self._lines.say(f"seen: {seen.text}" if seen else "there is no alert")
        self.show()

    def look(self) -> None:
        """Take what the rules report."""
        for one in self._services.alarms.take() if self._services.alarms else ():
            if one.over:
                self.raised.settle(one.key)
            elif one.alarm:
                self.add(Alarm(one.text, one.bad, one.screen, one.where, one.key))
            else:
                self._lines.say(one.text)
        self.show()

    def show(self) -> None:
        """Paint them."""
        self._lines.show_alarms(self.raised.newest, self.raised.counts)


def keep_alarm(services: ConsoleContext, alarm: Alarm) -> None:
    """Keep an alarm in the journal, as far as that can be done."""
    kind = "alert" if alarm.bad else "watch"
    entry = Entry(alarm.at, "alert", services.settings.user, alarm.text, kind, not alarm.bad)
    with suppress(SwfError):
        services.journal.append(entry)
