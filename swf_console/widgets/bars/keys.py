"""The line of keys that work at the focus, made from the registry of actions."""

from collections.abc import Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from ...actions.action import Action, Tier
from ...actions.global_actions import GLOBAL_ACTIONS
from ...actions.registry import actions_of, keys_of
from ..key_labels import key_label

ALWAYS = tuple(
    action for name in ("palette", "help", "leave") for action in GLOBAL_ACTIONS if action.name == name
)


class KeyLine(Widget, can_focus=False):
    """Keys of the scopes around the focus, nearest first, then `last`. Forbidden actions are dimmed."""

    DEFAULT_CSS = "KeyLine { height: 1; width: 1fr; }"

    def __init__(self, id: str | None = None, last: Sequence[Action] = ALWAYS) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._last = tuple(last)
        self._scopes: tuple[str, ...] = ()
        self._refusal = ""

    def show(self, scopes: Sequence[str], refusal: str) -> None:
        """Show the keys of those scopes; with a `refusal` the actions that change something are dimmed."""
        if (tuple(scopes), refusal) != (self._scopes, self._refusal):
            self._scopes, self._refusal = tuple(scopes), refusal
            self.refresh()

    @property
    def text(self) -> str:
        """What is shown."""
        return self._content(self.size.width or 80).plain

    def render(self) -> RenderResult:
        return self._content(self.size.width)

    def _content(self, width: int) -> Content:
        last = Content("  ").join(map(self._key, self._last))
        parts: list[Content] = []
        available = width - last.cell_length - 3
        for action in self._own():
            part = self._key(action)
            if part.cell_length + 2 > available:
                break
            available -= part.cell_length + 2
            parts.append(part)
        return Content.assemble(" ", Content("  ").join([*parts, last])).truncate(width)

    def _own(self) -> list[Action]:
        """The actions of the scopes; where two share a key, the nearer scope has it."""
        taken: dict[str, Action] = {}
        for scope in self._scopes:
            for action in actions_of(scope):
                keys = keys_of(action)
                if keys and action not in self._last:
                    taken.setdefault(keys[0], action)
        return [action for action in taken.values() if action.shown]

    def _key(self, action: Action) -> Content:
        forbidden = bool(self._refusal) and action.tier is not Tier.READ
        keys = key_label(keys_of(action)[0])
        if forbidden:
            return Content.styled(f"{keys} {action.title}", "dim strike")
        return Content.assemble((keys, "bold $text-accent"), f" {action.title}")
