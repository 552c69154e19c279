"""Help for the focused part, made from the registry of actions."""

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
from ...widgets.key_labels import key_label
from ..base.screen_registry import SCREENS
from .confirm import Dialog, hint

KEYS_WIDE = 16
NARROWEST = 20
# the box in styles/frame.tcss: its maximum width, and the size of border, padding and last line
WIDEST = 100
FRAME_WIDE, FRAME_HIGH = 5, 3
ASKS = {
    Tier.REVERSIBLE: "asks y/N",
    Tier.MANY: "lists the affected names and asks",
}
TITLES: Mapping[str, str] = {**SCOPE_TITLES, **{screen.name: screen.title for screen in SCREENS}}


class HelpDialog(Dialog):
    """The keys of the scopes around the focus, then the global ones. `more` is shown above the keys.

    `scopes` are ordered from the focus outwards. Without `everywhere` (over a form or a dialog) global
    actions do not work and are not listed.
    """

    scope: ClassVar[str] = "help"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("help")

    def __init__(self, scopes: Sequence[str], title: str, more: str = "", *, everywhere: bool = True) -> None:
        super().__init__()
        self.scopes, self.heading, self.more, self.everywhere = tuple(scopes), title, more, everywhere
        self._width = WIDEST - FRAME_WIDE

    def compose(self) -> ComposeResult:
        with self.box(f"Help: {self.heading}"):
            with VerticalScroll(can_focus=False):
                yield Static(id="help-text", markup=False)
            keys = [("{help.down} {help.up}", "more"), ("{dialog.leave}", "close")]
            if self.everywhere:
                keys.append(("{help.palette}", "search an action by name"))
            yield Static(hint(*keys), classes="hint")

    def on_resize(self, event: events.Resize) -> None:
        """Use the available size; the last line stays visible."""
        self.query_one(VerticalScroll).styles.max_height = max(1, event.size.height - FRAME_HIGH)
        self._width = min(WIDEST, event.size.width) - FRAME_WIDE
        self.query_one("#help-text", Static).update(self.text)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_edge(self, last: bool) -> None:
        """Scroll to the start or to the end."""
        text = self.query_one(VerticalScroll)
        text.scroll_to(y=text.max_scroll_y if last else 0, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        text = self.query_one(VerticalScroll)
        text.scroll_relative(y=by * max(1, text.size.height - 1), animate=False)

    def action_palette(self) -> None:
        """Open the palette instead, if global actions work here."""
        if self.everywhere:
            self.dismiss(None)
            # after the help has closed: the palette lists the actions of the screen below
            self.app.call_later(self.app.run_action, "palette")

    @property
    def text(self) -> Content:
        """The text: the screen first, then the scopes inside it."""
        first, *inner = [self._section(scope) for scope in reversed(self.scopes)] or [Content("")]
        parts = [first, *([Content(self.more)] if self.more else []), *inner]
        if self.everywhere:
            parts.append(section("On every screen", GLOBAL_ACTIONS, self._width))
        return Content("\n\n").join(parts)

    def _section(self, scope: str) -> Content:
        return section(TITLES.get(scope, scope), actions_of(scope), self._width)


def section(title: str, actions: Sequence[Action], width: int) -> Content:
    """A heading and its keys, each with its question if it has one; long lines are wrapped."""
    lines = [Content.styled(title, "bold $primary")]
    for action in actions:
        keys = " ".join(map(key_label, keys_of(action))) or ":"
        asks = f" ({ASKS[action.tier]})" if action.asks and action.tier in ASKS else ""
        words = f"{action.title}: {action.help}{asks}"
        first, *more = wrap(words, max(NARROWEST, width - KEYS_WIDE - 2))
        lines.append(Content.assemble((f"{keys:>{KEYS_WIDE}}", "bold $text-accent"), f"  {first}"))
        lines += [Content(" " * (KEYS_WIDE + 2) + line) for line in more]
    return Content("\n").join(lines)
