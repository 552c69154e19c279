"""A notice of one or two lines, hidden while it has no text."""

from textual.content import Content
from textual.widgets import Static

from ...backend.core.sanitize import brief
from ..semantic_colors import STYLES, SemanticColor
from ..symbols import symbol

MAX_LENGTH = 500


class Notice(Static):
    """What is wrong, or what to do."""

    DEFAULT_CSS = """
    Notice { height: auto; max-height: 6; padding: 0 1; display: none; }
    """

    def __init__(self, *, identity: str | None = None) -> None:
        super().__init__(id=identity, markup=False)
        self._shown: tuple[tuple[str, ...], SemanticColor] = ((), "watch")

    @property
    def text(self) -> str:
        """What is shown."""
        return "\n".join(self._shown[0])

    def say(self, *lines: str, color: SemanticColor = "watch") -> None:
        """Show the lines that are not empty; without any the notice is hidden."""
        shown = tuple(brief(line, MAX_LENGTH) for line in lines if line)
        if (shown, color) == self._shown:
            return
        self._shown = shown, color
        self.display = bool(shown)
        parts = [(f"{symbol(color)} {line}", STYLES[color]) for line in shown]
        self.update(Content("\n").join(Content.assemble(part) for part in parts))
