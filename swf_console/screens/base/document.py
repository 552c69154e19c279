"""Documents: code and JSON with syntax highlighting, and text that scrolls with the keys of tables."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.highlight import HighlightTheme, highlight

from ...backend.core.sanitize import brief, sanitize_lines
from ...widgets.bindings import bindings_of
from ...widgets.text.code import CodeLines
from ...widgets.text.line import Line
from ...widgets.worker import BlockingCall
from .polling import cause_of
from .views import View

MOST_LINES = 20_000
# highlighting so much takes about half a second of a core; longer texts are shown in one colour
MOST_COLOURED = 300_000


class NoRedTheme(HighlightTheme):
    """Syntax colours without red, which is reserved for problems that need the operator."""

    STYLES = {  # noqa: RUF012 (Textual's own attribute)
        token: style.replace("$text-error on $error-muted", "bold").replace("$text-error", "$text-accent")
        for token, style in HighlightTheme.STYLES.items()
    }


class Document(View):
    """Code or JSON, highlighted in a thread; the text is shown, never interpreted as markup."""

    def __init__(self, title: str, read: Callable[[], str], language: str, command: str = "") -> None:
        super().__init__()
        self._title, self._read, self._language, self._command = title, read, language, command
        self._text = ""
        self._background = BlockingCall(self, "document")

    def compose(self) -> ComposeResult:
        """The title above the text."""
        yield Line(id="document-title")
        yield CodeLines(identity="document-text")

    def on_mount(self) -> None:
        """Start reading."""
        self._head("Loading … ")
        self.refresh_now()

    def activated(self) -> None:
        """Give the focus to the text."""
        self.query_one(CodeLines).focus()

    def refresh_now(self) -> None:
        """Read again."""
        self._background.start(self._prepare, self._show, self._failed)

    def copy_text(self, what: str) -> str | None:
        """The whole text, or the command line that shows it."""
        if what == "command":
            return self._command or None
        return self._text if what in ("row", "json") else None

    def _prepare(self) -> tuple[str, list[Content]]:
        text = self._read()
        return text, highlighted(text, self._language)

    def _show(self, read: tuple[str, list[Content]]) -> None:
        self._text, lines = read
        self._head("Esc back ")
        self.query_one(CodeLines).show(lines)

    def _failed(self, error: Exception) -> None:
        self._head(f"{cause_of(error)} ")

    def _head(self, note: str) -> None:
        title = Content.styled(brief(self._title, 120), "bold")
        self.query_one("#document-title", Line).show(title, Content(brief(note)))


def section_name(name: str, *, active: bool) -> Content:
    """The name of a section in the line that lists the sections."""
    return (
        Content.styled(f" {name.upper()} ", "bold reverse")
        if active
        else Content.styled(f" {name} ", "$text-muted")
    )


def highlighted(text: str, language: str) -> list[Content]:
    """The lines of a text with syntax highlighting, unless it is too long; blocks."""
    shown = sanitize_lines(text, most=MOST_LINES)
    if len(shown) > MOST_COLOURED:
        return [Content(line) for line in shown.split("\n")]
    return highlight(shown, language=language, theme=NoRedTheme).split("\n")


class ScrollableText(ScrollableContainer, can_focus=True):
    """A scrolling container with the keys of tables: j, k, g, G."""

    scope: ClassVar[str] = "text"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("text")
