"""An action made, timed, kept in the journal, and said in one line."""

import logging
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from textual.content import Content

from ..actions import Action
from ..backend.errors import SwfError
from ..backend.operations.console.journal import Entry
from ..backend.operations.console.services import ConsoleServices
from ..widgets.harmless import brief
from ..widgets.symbols import sign
from ..widgets.tones import COLOURS
from .alerts import Alert
from .host import Call

LONGEST_RESULT = 300

log = logging.getLogger(__name__)


class Done(NamedTuple):
    """An action that has been made: what it answered, or why it failed."""

    command: str
    at: datetime
    seconds: float
    answer: object = None
    error: str | None = None

    @property
    def result(self) -> str:
        """The result in words."""
        if self.error is not None:
            return self.error
        return brief(self.answer, LONGEST_RESULT) if isinstance(self.answer, str) and self.answer else "ok"

    def line(self) -> Content:
        """The action line: the equivalent command line with its result."""
        bad = self.error is not None
        return Content.assemble(
            f" {sign('done')} {brief(self.command, 200)} {sign('arrow')} ",
            (brief(self.result, LONGEST_RESULT), COLOURS["bad" if bad else "ok"]),
            (f" {self.at:%H:%M:%S} ({self.seconds:.1f} s)", "dim"),
        )


def performed(services: ConsoleServices, action: Action, command: str, call: Call) -> Done:
    """Make the call, which may block, and keep it in the journal; never raises."""
    began, at = time.monotonic(), datetime.now(UTC)
    words = command or action.title
    try:
        done = Done(words, at, 0.0, answer=call())
    except SwfError as error:
        done = Done(words, at, 0.0, error=str(error))
    except Exception as error:  # noqa: BLE001 (an action that breaks is said and kept, and the console lives on)
        done = Done(words, at, 0.0, error=f"{type(error).__name__}: {error}")
    seconds = round(time.monotonic() - began, 3)
    done = Done(words, at, seconds, done.answer, done.error)
    with suppress(SwfError):
        services.journal.append(
            Entry(
                at=at,
                kind="action",
                who=services.settings.user,
                what=action.title,
                result=done.result,
                ok=done.error is None,
                command=command,
                namespace=services.namespace,
                seconds=seconds,
            )
        )
    return done


def keep_alert(services: ConsoleServices, alert: Alert) -> None:
    """Keep an alert in the journal, as far as that can be done."""
    kind = "alert" if alert.bad else "watch"
    entry = Entry(alert.at, "alert", services.settings.user, alert.text, kind, not alert.bad)
    with suppress(SwfError):
        services.journal.append(entry)


def keep_crash(services: ConsoleServices, error: Exception) -> str:
    """Keep a handler's error with its trace in log and journal; returns it in words."""
    words = f"{type(error).__name__}: {brief(error, LONGEST_RESULT)}"
    log.critical("the console broke: %s", words, exc_info=error)
    trace = "".join(traceback.format_exception(error))
    with suppress(SwfError):
        services.journal.append(
            Entry(
                at=datetime.now(UTC),
                kind="error",
                who=services.settings.user,
                what=f"the console broke: {words}",
                result=trace,
                ok=False,
                namespace=services.namespace,
            )
        )
    return words


def result_line(text: str, *, bad: bool = False) -> Content:
    """One line of the console's own for the action line."""
    mark = sign("bad") if bad else sign("done")
    return Content.styled(f" {mark} {brief(text, LONGEST_RESULT)}", COLOURS["bad"] if bad else "")
