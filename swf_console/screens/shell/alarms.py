"""Alarms on every screen: journalled, and shown until they are acknowledged or over."""

from contextlib import suppress
from typing import Protocol

from textual.content import Content

from ...backend.core.errors import SwfError
from ...backend.core.sanitize import brief
from ...backend.services.alarms.alarm_list import Alarm, AlarmList
from ...backend.services.journal import JournalEntry
from ...viewmodels.context import ConsoleContext
from ...widgets.key_labels import with_keys
from ...widgets.semantic_colors import STYLES, SemanticColor
from ...widgets.symbols import symbol
from ..base.host import Workers


def alarm_line(alarm: Alarm | None) -> tuple[Content, Content]:
    """The alarm line: the text of the alarm, and the keys for it."""
    if alarm is None:
        return Content.styled(f" {symbol('ok')} no alarms", "dim"), Content("")
    color: SemanticColor = "bad" if alarm.bad else "watch"
    text = f" {symbol(color)} {alarm.at:%H:%M:%S} {brief(alarm.text, 300)}"
    keys = [
        (with_keys("{acknowledge}"), "acknowledge"),
        *([(with_keys("{alert}"), "show")] if alarm.screen else []),
    ]
    right = Content("  ").join(
        Content.assemble((key, "bold $text-accent"), f" {words}") for key, words in keys
    )
    return Content.styled(text, STYLES[color]), Content.assemble(right, " ")


class AlarmLines(Protocol):
    """Shows alarms and messages."""

    def show_alarms(self, newest: Alarm | None, counts: tuple[int, int]) -> None:
        """Show the number of alarms that are not acknowledged, and the newest of them."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""


class AlarmBar:
    """The alarms that screens raise and rules report."""

    def __init__(self, context: ConsoleContext, lines: AlarmLines, workers: Workers) -> None:
        self._context, self._lines, self._workers = context, lines, workers
        self.raised = AlarmList()

    def raise_alarm(
        self, text: str, *, screen: str = "", where: dict[str, object] | None = None, bad: bool = True
    ) -> None:
        """Raise an alarm (`bad`) or a warning, which is shown until it is acknowledged."""
        self.add(Alarm(text, bad, screen, where or {}))

    def add(self, alarm: Alarm) -> None:
        """Show and journal an alarm."""
        # an alarm that is already shown is neither counted nor journalled twice
        if self.raised.add(alarm):
            self._workers.run_worker(
                lambda: journal_alarm(self._context, alarm), thread=True, group="journal"
            )
            self.show()

    def acknowledge(self) -> None:
        """Acknowledge the newest alarm."""
        alarm = self.raised.acknowledge()
        self._lines.say(f"acknowledged: {alarm.text}" if alarm else "no alarms")
        self.show()

    def update(self) -> None:
        """Take the new reports of the rules."""
        for one in self._context.alarms.take() if self._context.alarms else ():
            if one.over:
                self.raised.clear(one.key)
            elif one.alarm:
                self.add(Alarm(one.text, one.bad, one.screen, one.where, one.key))
            else:
                self._lines.say(one.text)
        self.show()

    def show(self) -> None:
        """Show the alarms."""
        self._lines.show_alarms(self.raised.newest, self.raised.counts)


def journal_alarm(context: ConsoleContext, alarm: Alarm) -> None:
    """Write an alarm to the journal; a journal that cannot be written is ignored."""
    kind = "alert" if alarm.bad else "watch"
    entry = JournalEntry(alarm.at, "alert", context.settings.user, alarm.text, kind, not alarm.bad)
    with suppress(SwfError):
        context.journal.append(entry)
