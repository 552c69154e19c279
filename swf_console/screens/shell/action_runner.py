"""An action made, timed, kept in the journal, and said in one line."""

import logging
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from textual.content import Content

from ...actions.action import Action, Tier
from ...backend.core.errors import SwfError
from ...backend.core.sanitize import brief
from ...backend.services.journal import Entry
from ...viewmodels.context import ConsoleContext
from ...widgets.semantic_colors import COLOURS
from ...widgets.symbols import sign
from ..base.host import Call, Then, Workers
from .status import Writes

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


class ActionLine(Protocol):
    """Where it is said what is under way, and what came of it."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line."""

    def action_line(self, content: Content) -> None:
        """Show what an action came to."""


class ActionRunner:
    """Makes the calls of actions in threads, where they may be; says what came of them, and journals it."""

    def __init__(self, services: ConsoleContext, writes: Writes, line: ActionLine, workers: Workers) -> None:
        self._services, self._writes, self._line, self._workers = services, writes, line, workers

    def record(self, action: Action, command: str, call: Call, then: Then | None = None) -> None:
        """Run `call` in a worker thread, show and journal it; `then` is given what it returned."""
        refusal = self._writes.refusal
        if action.tier is not Tier.READ and refusal:
            self._line.say(f"{action.title}: refused, {refusal}", bad=True)
            return
        self._line.say(f"{command or action.title} {sign('arrow')} under way")

        def perform() -> None:
            done = performed(self._services, action, command, call)
            self._workers.call_from_thread(self._performed, done, then)

        self._workers.run_worker(perform, thread=True, group="actions")

    def _performed(self, done: Done, then: Then | None) -> None:
        self._line.action_line(done.line())
        if done.error is None and then is not None:
            then(done.answer)


def performed(services: ConsoleContext, action: Action, command: str, call: Call) -> Done:
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


def keep_crash(services: ConsoleContext, error: Exception) -> str:
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
