"""The replay of an execution's state changes, at any speed."""

import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.timer import Timer

from ...backend.core.format import short_duration
from ...backend.core.sanitize import brief
from ...viewmodels.executions.detail import read_execution
from ...viewmodels.executions.replay import Replay, replay_events
from ...widgets.bindings import bindings_of
from ...widgets.semantic_colors import SemanticColor
from ...widgets.tail.line_view import Lines
from ...widgets.text.line import Line
from ...widgets.timeline import Span, Timeline
from ..base.views import View
from .rows import state_color, state_of

if TYPE_CHECKING:
    from ...backend.services.executions.queries import ExecutionDetail
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.executions.replay import ReplayEvent

# more repaints a second are not seen, and cost bandwidth over SSH
FRAMES = 10


class ReplayView(View, can_focus=True):
    """A timeline with a moving mark, and the events before it."""

    scope: ClassVar[str] = "replay"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("replay")
    DEFAULT_CSS = """
    ReplayView > #replay-now { height: 1; }
    ReplayView > #replay-events { height: 1fr; }
    """

    def __init__(self, execution_id: str, replay: "Replay") -> None:
        super().__init__()
        self._id, self.replay = execution_id, replay
        self._clock: Timer | None = None
        self._last = 0.0

    def compose(self) -> ComposeResult:
        """Title, timeline, current state, events so far."""
        yield Line(id="replay-title")
        yield Timeline(id="replay-strip")
        yield Line(id="replay-now")
        yield Lines(identity="replay-events")

    def on_mount(self) -> None:
        """Show the title."""
        title = Content.styled(f" Replay of {brief(self._id, 100)}", "bold")
        self.query_one("#replay-title", Line).show(title, Content("Esc back "))
        self._paint()

    def activated(self) -> None:
        """Start the clock."""
        self.focus()
        self._last = time.monotonic()
        self._clock = self._clock or self.set_interval(1 / FRAMES, self._frame)

    def deactivated(self) -> None:
        """Stop the clock."""
        if self._clock is not None:
            self._clock.stop()
            self._clock = None

    def copy_text(self, what: str) -> str | None:
        """The events so far."""
        if what == "command":
            return f"swf-console executions show {self._id}"
        return self.query_one(Lines).text

    def action_play(self) -> None:
        """Play or pause."""
        self.replay.play()
        self._last = time.monotonic()
        self._paint()

    def action_faster(self, factor: float) -> None:
        """Change the speed."""
        self.replay.faster(factor)
        self._paint()

    def action_step(self, by: int) -> None:
        """Go to the next or the previous event."""
        self.replay.step(by)
        self._paint()

    def action_seek(self, end: int) -> None:
        """Go to the start or to the end."""
        self.replay.seek(self.replay.length * end)
        self._paint()

    def _frame(self) -> None:
        now = time.monotonic()
        passed, self._last = now - self._last, now
        if self.replay.playing:
            self.replay.advance(passed)
            self._paint()

    def _paint(self) -> None:
        replay = self.replay
        at = f"{short_duration(replay.at)} of {short_duration(replay.length)}"
        self.query_one(Timeline).show(spans_between(replay.events), replay.at, at)
        passed = replay.passed
        state = state_of(passed[-1].event) if passed else "-"
        mode = "playing" if replay.playing else "ended" if replay.ended else "paused"
        words = f" {mode} at {replay.speed:g} x · {state} · event {len(passed)} of {len(replay.events)}"
        self.query_one("#replay-now", Line).show(Content.styled(words, "bold"))
        self.query_one(Lines).show([_line(moment) for moment in reversed(passed)])


def replay_of(context: "ConsoleContext", execution_id: str) -> "Replay":
    """The replay of an execution from its first event; blocks."""
    return Replay(replay_events(read_execution(context, execution_id).detail.events))


def spans_between(moments: "tuple[ReplayEvent, ...]", current_seconds: float = 0.0) -> list[Span]:
    """The states between the events. The last one lasts `current_seconds`; with 0 it is left out."""
    spans: list[Span] = []
    for moment, following in pairwise(moments):
        _lengthen(spans, state_of(moment.event), following.at - moment.at)
    if moments and (current_seconds or not spans):
        _lengthen(spans, state_of(moments[-1].event), current_seconds or 1.0)
    return spans


def state_spans(detail: "ExecutionDetail") -> list[Span]:
    """The states of an execution; while it runs, up to now."""
    events, current_seconds = detail.events, 0.0
    if events and detail.execution.status == "running" and not detail.more_events:
        current_seconds = max(0.0, (datetime.now(UTC) - events[-1].timestamp).total_seconds())
    return spans_between(replay_events(events), current_seconds)


def _lengthen(spans: list[Span], state: str, seconds: float) -> None:
    if spans and spans[-1].label == state:
        seconds += spans.pop().seconds
    spans.append(Span(state, seconds, state_color(state)))


def _line(moment: "ReplayEvent") -> "tuple[tuple[str, SemanticColor], ...]":
    state = state_of(moment.event)
    return (
        (f" {short_duration(moment.at):>9}  ", "unknown"),
        (f"{brief(moment.event.event_type, 30):<18} ", "plain"),
        (state, state_color(state)),
    )
