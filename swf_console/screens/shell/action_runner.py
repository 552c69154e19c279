"""Runs actions in threads, measures and journals them, and shows their results."""

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
from ...backend.services.journal import JournalEntry
from ...viewmodels.context import ConsoleContext
from ...widgets.semantic_colors import STYLES
from ...widgets.symbols import symbol
from ..base.host import Call, Then, Workers
from .status import WriteAccess

LONGEST_RESULT = 300

log = logging.getLogger(__name__)


class ActionResult(NamedTuple):
    """What an action returned, or why it failed."""

    command: str
    at: datetime
    seconds: float
    answer: object = None
    error: str | None = None

    @property
    def result(self) -> str:
        """The text of the result."""
        if self.error is not None:
            return self.error
        return brief(self.answer, LONGEST_RESULT) if isinstance(self.answer, str) and self.answer else "ok"

    def line(self) -> Content:
        """The action line: the equivalent command line with its result."""
        bad = self.error is not None
        return Content.assemble(
            f" {symbol('done')} {brief(self.command, 200)} {symbol('arrow')} ",
            (brief(self.result, LONGEST_RESULT), STYLES["bad" if bad else "ok"]),
            (f" {self.at:%H:%M:%S} ({self.seconds:.1f} s)", "dim"),
        )


class ActionLine(Protocol):
    """Shows the progress and the result of an action."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line."""

    def action_line(self, content: Content) -> None:
        """Show the result of an action."""


class ActionRunner:
    """Runs the calls of actions in worker threads, unless writes are refused."""

    def __init__(
        self, context: ConsoleContext, writes: WriteAccess, line: ActionLine, workers: Workers
    ) -> None:
        self._context, self._writes, self._line, self._workers = context, writes, line, workers

    def record(self, action: Action, command: str, call: Call, then: Then | None = None) -> None:
        """Run `call` in a worker thread, show and journal it; `then` is called with what it returned."""
        refusal = self._writes.refusal
        if action.tier is not Tier.READ and refusal:
            self._line.say(f"{action.title}: refused, {refusal}", bad=True)
            return
        self._line.say(f"{command or action.title} {symbol('arrow')} running ...")

        def work() -> None:
            # between the key and this thread the terminal may have disappeared
            if self._context.ending:
                return
            result = perform(self._context, action, command, call)
            self._workers.call_from_thread(self._show_result, result, then)

        self._workers.run_worker(work, thread=True, group="actions")

    def _show_result(self, result: ActionResult, then: Then | None) -> None:
        self._line.action_line(result.line())
        if result.error is None and then is not None:
            then(result.answer)


def perform(context: ConsoleContext, action: Action, command: str, call: Call) -> ActionResult:
    """Run the call, which may block, and journal it; never raises."""
    started, at = time.monotonic(), datetime.now(UTC)
    name = command or action.title
    try:
        result = ActionResult(name, at, 0.0, answer=call())
    except SwfError as error:
        result = ActionResult(name, at, 0.0, error=str(error))
    except Exception as error:  # noqa: BLE001 (a failed action is shown and journalled; the console continues)
        result = ActionResult(name, at, 0.0, error=f"{type(error).__name__}: {error}")
    seconds = round(time.monotonic() - started, 3)
    result = ActionResult(name, at, seconds, result.answer, result.error)
    with suppress(SwfError):
        context.journal.append(
            JournalEntry(
                at=at,
                kind="action",
                who=context.settings.user,
                what=action.title,
                result=result.result,
                ok=result.error is None,
                command=command,
                namespace=context.namespace,
                seconds=seconds,
            )
        )
    return result


def journal_crash(context: ConsoleContext, error: Exception) -> str:
    """Write a handler's error with its traceback to log and journal; returns its text."""
    error_text = f"{type(error).__name__}: {brief(error, LONGEST_RESULT)}"
    log.critical("console failed: %s", error_text, exc_info=error)
    trace = "".join(traceback.format_exception(error))
    with suppress(SwfError):
        context.journal.append(
            JournalEntry(
                at=datetime.now(UTC),
                kind="error",
                who=context.settings.user,
                what=f"console failed: {error_text}",
                result=trace,
                ok=False,
                namespace=context.namespace,
            )
        )
    return error_text


def result_line(text: str, *, bad: bool = False) -> Content:
    """A text of the console for the action line."""
    sign = symbol("bad") if bad else symbol("done")
    return Content.styled(f" {sign} {brief(text, LONGEST_RESULT)}", STYLES["bad"] if bad else "")
