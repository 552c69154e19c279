"""Help: what can be done where the focus is, made from the registry of actions."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ..actions import EVERYWHERE, PLACES, Action, Tier, actions_of, keys_of
from ..widgets.bindings import bindings_of
from ..widgets.keys import spoken
from .catalogue import PANES
from .dialogs import Dialog, hint

ASKS = {
    Tier.REVERSIBLE: "asks y/N",
    Tier.MANY: "lists the names and asks",
    Tier.IRREVERSIBLE: "asks for the name",
}
TITLES: Mapping[str, str] = {**PLACES, **{pane.name: pane.title for pane in PANES}}


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

    def compose(self) -> ComposeResult:
        with self.box(f"Help: {self.heading}"):
            with VerticalScroll():
                yield Static(self.text, markup=False)
            yield Static(
                hint(("j k", "more"), ("Esc", "close"), (":", "find an action by its name")), classes="hint"
            )

    def action_scroll(self, lines: int) -> None:
        """Move the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    @property
    def text(self) -> Content:
        """Everything it says: the screen first, then what is in the focus there."""
        first, *inner = [self._section(place) for place in reversed(self.places)] or [Content("")]
        parts = [first, *([Content(self.more)] if self.more else []), *inner]
        if self.everywhere:
            parts.append(section("Everywhere", EVERYWHERE))
        return Content("\n\n").join(parts)

    def _section(self, place: str) -> Content:
        return section(TITLES.get(place, place), actions_of(place))


def section(title: str, actions: Sequence[Action]) -> Content:
    """A heading and its keys, each with how much it asks."""
    lines = [Content.styled(title, "bold $primary")]
    for action in actions:
        keys = " ".join(map(spoken, keys_of(action))) or ":"
        asks = f"  ({ASKS[action.tier]})" if action.asks and action.tier in ASKS else ""
        lines.append(
            Content.assemble(
                (f"{keys:>13}", "bold $text-accent"),
                f"  {action.title}: {action.help}",
                (asks, "$text-warning"),
            )
        )
    return Content("\n").join(lines)
