"""The last line: the keys that work here, made from the registry."""

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from ..actions import EVERYWHERE, Action, Tier, actions_of
from .keys import spoken

ALWAYS = ("palette", "help", "leave")


class KeyLine(Widget, can_focus=False):
    """Keys of the open screen, then `: ? q`. What read-only forbids is dimmed."""

    DEFAULT_CSS = "KeyLine { height: 1; width: 1fr; }"

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own word)
        super().__init__(id=id)
        self._screen, self._refusal = "", ""

    def show(self, screen: str, refusal: str) -> None:
        """The keys of that screen; `refusal` says why nothing may be changed."""
        if (screen, refusal) != (self._screen, self._refusal):
            self._screen, self._refusal = screen, refusal
            self.refresh()

    @property
    def said(self) -> str:
        """What stands there."""
        return self._content(self.size.width or 80).plain

    def render(self) -> RenderResult:
        return self._content(self.size.width)

    def _content(self, width: int) -> Content:
        own = [action for action in actions_of(self._screen) if action.shown and action.keys]
        always = [action for name in ALWAYS for action in EVERYWHERE if action.name == name]
        last = Content("  ").join(map(self._key, always))
        parts: list[Content] = []
        room = width - last.cell_length - 3
        for action in own:
            part = self._key(action)
            if part.cell_length + 2 > room:
                break
            room -= part.cell_length + 2
            parts.append(part)
        return Content.assemble(" ", Content("  ").join([*parts, last])).truncate(width)

    def _key(self, action: Action) -> Content:
        forbidden = bool(self._refusal) and action.tier is not Tier.READ
        keys = spoken(action.keys[0])
        if forbidden:
            return Content.styled(f"{keys} {action.title}", "dim strike")
        return Content.assemble((keys, "bold $text-accent"), f" {action.title}")
