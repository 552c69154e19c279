"""Help: what can be done where the focus is, made from the registry of actions."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ...actions.action import Action, Tier
from ...actions.global_actions import GLOBAL_ACTIONS
from ...actions.registry import actions_of, keys_of
from ...actions.scope import SCOPE_TITLES
from ...widgets.bindings import bindings_of
from ...widgets.key_labels import spoken
from ..base.screen_registry import PANES
from .confirm import Dialog, hint

KEYS_WIDE = 16
LEAST = 20
# the box of styles/frame.tcss: its widest, and what its border, its padding and its last line take
WIDEST = 100
FRAME_WIDE, FRAME_HIGH = 5, 3
ASKS = {
    Tier.REVERSIBLE: "asks y/N",
    Tier.MANY: "lists the names and asks",
}
TITLES: Mapping[str, str] = {**SCOPE_TITLES, **{pane.name: pane.title for pane in PANES}}


class HelpScreen(Dialog):
    """The keys of where the focus is, then those that work everywhere. `more` is what else is worth knowing.

    `places` are the registry's words for where the focus is, the nearest first; over a form or a dialog
    nothing else works, and nothing else is listed.
    """

    place: ClassVar[str] = "help"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("help")

    def __init__(self, places: Sequence[str], title: str, more: str = "", *, everywhere: bool = True) -> None:
        super().__init__()
        self.places, self.heading, self.more, self.everywhere = tuple(places), title, more, everywhere
        self._width = WIDEST - FRAME_WIDE

    def compose(self) -> ComposeResult:
        with self.box(f"Help: {self.heading}"):
            with VerticalScroll(can_focus=False):
                yield Static(id="help-text", markup=False)
            keys = [("{help.down} {help.up}", "more"), ("{dialog.leave}", "close")]
            if self.everywhere:
                keys.append(("{help.palette}", "find an action by its name"))
            yield Static(hint(*keys), classes="hint")

    def on_resize(self, event: events.Resize) -> None:
        """As wide and as high as there is room for; the last line stays in sight."""
        self.query_one(VerticalScroll).styles.max_height = max(1, event.size.height - FRAME_HIGH)
        self._width = min(WIDEST, event.size.width) - FRAME_WIDE
        self.query_one("#help-text", Static).update(self.text)

    def action_scroll(self, lines: int) -> None:
        """Move the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_edge(self, last: bool) -> None:
        """To the beginning or to the end."""
        text = self.query_one(VerticalScroll)
        text.scroll_to(y=text.max_scroll_y if last else 0, animate=False)

    def action_leaf(self, by: int) -> None:
        """Move the text by a page."""
        text = self.query_one(VerticalScroll)
        text.scroll_relative(y=by * max(1, text.size.height - 1), animate=False)

    def action_palette(self) -> None:
        """Find an action by its name instead, where all of them can be done."""
        if self.everywhere:
            self.dismiss(None)
            self.app.call_later(self.app.run_action, "palette")

    @property
    def text(self) -> Content:
        """Everything it says: the screen first, then what is in the focus there."""
        first, *inner = [self._section(place) for place in reversed(self.places)] or [Content("")]
        parts = [first, *([Content(self.more)] if self.more else []), *inner]
        if self.everywhere:
            parts.append(section("Everywhere", GLOBAL_ACTIONS, self._width))
        return Content("\n\n").join(parts)

    def _section(self, place: str) -> Content:
        return section(TITLES.get(place, place), actions_of(place), self._width)


def section(title: str, actions: Sequence[Action], width: int) -> Content:
    """A heading and its keys, each with how much it asks; what is too long goes on under its words."""
    lines = [Content.styled(title, "bold $primary")]
    for action in actions:
        keys = " ".join(map(spoken, keys_of(action))) or ":"
        asks = f" ({ASKS[action.tier]})" if action.asks and action.tier in ASKS else ""
        words = f"{action.title}: {action.help}{asks}"
        first, *more = wrap(words, max(LEAST, width - KEYS_WIDE - 2))
        lines.append(Content.assemble((f"{keys:>{KEYS_WIDE}}", "bold $text-accent"), f"  {first}"))
        lines += [Content(" " * (KEYS_WIDE + 2) + line) for line in more]
    return Content("\n").join(lines)
