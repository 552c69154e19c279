"""Help: what can be done here, made from the registry of actions."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ..actions import EVERYWHERE, Action, Tier, actions_of
from ..widgets.keys import spoken
from .dialogs import Dialog, hint

MOVING = (
    ("j k", "down and up", ""),
    ("g G", "to the beginning, to the end", ""),
    ("PgUp PgDn", "a page", ""),
    ("Enter", "opens what is under the cursor", ""),
    ("Esc", "goes back, and never quits", ""),
)


class HelpScreen(Dialog):
    """The keys of one screen, then those that work everywhere. `more` is what else is worth knowing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q", "leave", "close"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, screen: str, title: str, more: str = "") -> None:
        super().__init__()
        self.screen_name, self.heading, self.more = screen, title, more

    def compose(self) -> ComposeResult:
        with self.box(f"Help: {self.heading}"):
            with VerticalScroll():
                yield Static(self._text(), markup=False)
            yield Static(hint(("Esc", "close"), (":", "find an action by its name")), classes="hint")

    def action_scroll(self, lines: int) -> None:
        """Move the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _text(self) -> Content:
        here = [row_of(action) for action in actions_of(self.screen_name)]
        everywhere = [row_of(action) for action in EVERYWHERE]
        parts = [section(self.heading, here)] if here else []
        if self.more:
            parts.append(Content(self.more))
        parts += [section("Moving", list(MOVING)), section("Everywhere", everywhere)]
        return Content("\n\n").join(parts)


def row_of(action: Action) -> tuple[str, str, str]:
    """Keys, help, and how much it asks."""
    keys = " ".join(map(spoken, action.keys)) or ":"
    asks = "" if action.tier is Tier.READ else action.tier.value
    return keys, f"{action.title}: {action.help}", asks


def section(title: str, rows: list[tuple[str, str, str]]) -> Content:
    """A heading and its keys."""
    lines = [Content.styled(title, "bold $primary")]
    for keys, words, asks in rows:
        tail = Content.styled(f"  ({asks})", "$text-warning") if asks else Content("")
        lines.append(Content.assemble((f"{keys:>11}", "bold $text-accent"), f"  {words}", tail))
    return Content("\n").join(lines)
