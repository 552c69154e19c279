"""The command palette: searches all actions by name, with arguments and history."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ...actions.action import Action
from ...actions.registry import keys_of
from ...backend.core.sanitize import brief
from ...widgets.bindings import bindings_of
from ...widgets.key_labels import key_label
from .confirm import Dialog, hint

MOST_SHOWN = 60


class PaletteChoice(NamedTuple):
    """The chosen action, its argument, and the text that was typed."""

    action: Action
    argument: str
    typed: str


class Palette(Dialog):
    """Up and Down select, Enter runs the action. With no input Up goes through the history."""

    scope: ClassVar[str] = "palette"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("palette")

    def __init__(self, actions: Sequence[tuple[Action, str]], history: Sequence[str] = ()) -> None:
        super().__init__()
        self._actions, self._history, self._at = tuple(actions), list(history), len(history)
        self._shown: list[tuple[Action, str]] = []

    def compose(self) -> ComposeResult:
        with self.box("Command"):
            yield Input(placeholder="an action, for example: filter type=stf_*")
            yield OptionList(markup=False)
            choose = ("{palette.up} {palette.down}", "select; history")
            words = hint(("Enter", "run"), choose, ("{dialog.leave}", "cancel"))
            yield Static(words, classes="hint")

    def on_mount(self) -> None:
        """Show all actions at first."""
        self._show("")

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Show the actions that match."""
        event.stop()
        self._show(event.value)

    @on(Input.Submitted)
    def entered(self, event: Input.Submitted) -> None:
        """Run the highlighted action."""
        event.stop()
        self._choose()

    @on(OptionList.OptionSelected)
    def clicked(self, event: OptionList.OptionSelected) -> None:
        """Run the action that was clicked."""
        event.stop()
        self._choose()

    def action_choose(self, step: int) -> None:
        """Move the highlight, or go through the history."""
        box, options = self.query_one(Input), self.query_one(OptionList)
        history, at = self._history, self._at
        in_history = not box.value or (at < len(history) and box.value == history[at])
        if in_history and history and (step < 0 or at < len(history)):
            self._at = max(0, min(len(history), at + step))
            box.value = history[self._at] if self._at < len(history) else ""
            box.cursor_position = len(box.value)
        elif step < 0:
            options.action_cursor_up()
        else:
            options.action_cursor_down()

    def _show(self, text: str) -> None:
        # equal ranks keep the order of the registry: actions of the open screen come first
        ranked = sorted(
            ((score, index, one) for index, one in enumerate(self._actions) if (score := rank(text, *one))),
            key=lambda found: (-found[0], found[1]),
        )
        self._shown = [one for _, _, one in ranked[:MOST_SHOWN]]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(action_line(action, where)) for action, where in self._shown])
        options.highlighted = 0 if self._shown else None

    def _choose(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is None or highlighted >= len(self._shown):
            return
        text = self.query_one(Input).value.strip()
        action = self._shown[highlighted][0]
        self.dismiss(PaletteChoice(action, argument_of(text, action), text))


def action_line(action: Action, where: str) -> Content:
    """An action in the list."""
    keys = " ".join(map(key_label, keys_of(action)))
    name = f"{action.title} {action.argument.upper()}".strip()
    return Content.assemble(
        (f"{keys:>7}  ", "bold $text-accent"),
        (f"{name:<22}", "bold"),
        (f" {where}:" if where else "", "$text-muted"),
        f" {action.help}",
    )


def argument_of(text: str, action: Action) -> str:
    """The text after the action's title."""
    if not action.argument:
        return ""
    title = action.title.lower()
    if text.lower().startswith(title + " "):
        return brief(text[len(title) + 1 :].strip(), 2000)
    return ""


def rank(text: str, action: Action, where: str) -> int:
    """How well an action matches the text; 0 if it does not match."""
    wanted, title = text.lower().strip(), action.title.lower()
    if not wanted:
        return 1
    if action.argument and wanted.startswith(title + " "):
        return 100
    if title.startswith(wanted):
        return 80
    everything = f"{title} {action.help} {where}".lower()
    if all(word in everything for word in wanted.split()):
        return 60 if wanted in title else 40
    return 20 if _scattered(wanted, title) else 0


def _scattered(wanted: str, text: str) -> bool:
    """Whether the text contains the letters in that order."""
    letters = iter(text)
    return all(letter in letters for letter in wanted.replace(" ", ""))
