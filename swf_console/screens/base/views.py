"""Views of a pane, one over the other: Enter goes deeper, Esc comes back."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, ScrollableContainer
from textual.content import Content
from textual.message import Message

from ...backend.core.sanitize import brief, harmless_lines
from ...widgets.bindings import bindings_of
from ...widgets.text.code import CodeLines
from ...widgets.text.line import Line
from ...widgets.worker import Background
from .polling import cause_of

MOST_LINES = 20_000
MOST_COLOURED = 300_000


class View(Container):
    """What a pane shows at a time. It is told when it is in front, and when it is not any more.

    What is `of_many` has no one thing that an action of the pane could concern.
    """

    DEFAULT_CSS = "View { height: 1fr; width: 1fr; }"
    in_front = False
    of_many: ClassVar[bool] = False

    def on_mount(self) -> None:
        """Its parts are there now."""
        if self.in_front:
            self.entered()

    def come(self) -> None:
        """Be in front."""
        self.in_front = True
        if self.is_mounted:
            self.entered()

    def go(self) -> None:
        """Be in front no more."""
        self.in_front = False
        if self.is_mounted:
            self.left()

    def entered(self) -> None:
        """It is in front now: take the focus, begin to refresh."""

    def left(self) -> None:
        """Something is in front of it, or its pane is hidden: stop refreshing."""

    def refresh_now(self) -> None:
        """Read again at once."""

    def copy_text(self, what: str) -> str | None:  # noqa: ARG002 (views that have something say what)
        """The text that `y` copies: `cell`, `row`, `json` or `command`."""
        return None

    def back(self) -> bool:
        """Undo something of its own, as the filter; False where there is nothing, and the view may go."""
        return False


class ViewStack(Container):
    """A pane's views; the last one is in front."""

    DEFAULT_CSS = "ViewStack { height: 1fr; width: 1fr; }"

    class Changed(Message):
        """Another view is in front."""

    def __init__(self, first: View) -> None:
        super().__init__()
        self.views: list[View] = [first]
        self._shown = False

    def compose(self) -> ComposeResult:
        """The first view."""
        yield self.views[0]

    @property
    def front(self) -> View:
        """The view in front."""
        return self.views[-1]

    def opened(self) -> None:
        """The pane is on screen."""
        self._shown = True
        self.front.come()

    def closed(self) -> None:
        """The pane is hidden."""
        self._shown = False
        self.front.go()

    def push(self, view: View) -> None:
        """Put a view in front."""
        self.front.go()
        self.front.display = False
        self.views.append(view)
        view.in_front = self._shown
        self.mount(view)
        self.post_message(self.Changed())

    def pop(self) -> bool:
        """Take the view in front away; False where it is the first."""
        if len(self.views) == 1:
            return False
        view = self.views.pop()
        view.go()
        view.remove()
        self.front.display = True
        if self._shown:
            self.front.come()
        self.post_message(self.Changed())
        return True

    def to_first(self) -> None:
        """Take all views away but the first."""
        while self.pop():
            pass


class Document(View):
    """A text to read: code or JSON, coloured in a thread, never interpreted."""

    def __init__(self, title: str, read: Callable[[], str], language: str, command: str = "") -> None:
        super().__init__()
        self._title, self._read, self._language, self._command = title, read, language, command
        self._text = ""
        self._background = Background(self, "document")

    def compose(self) -> ComposeResult:
        """The title over the text."""
        yield Line(id="document-title")
        yield CodeLines(identity="document-text")

    def on_mount(self) -> None:
        """Begin to read."""
        self._head("reading… ")
        self.refresh_now()

    def entered(self) -> None:
        """The keys scroll."""
        self.query_one(CodeLines).focus()

    def refresh_now(self) -> None:
        """Read again."""
        self._background.start(self._prepare, self._show, self._failed)

    def copy_text(self, what: str) -> str | None:
        """All of it, or the command line that shows it."""
        if what == "command":
            return self._command or None
        return self._text if what in ("row", "json") else None

    def _prepare(self) -> tuple[str, list[Content]]:
        text = self._read()
        return text, coloured(text, self._language)

    def _show(self, read: tuple[str, list[Content]]) -> None:
        self._text, lines = read
        self._head("Esc back ")
        self.query_one(CodeLines).show(lines)

    def _failed(self, error: Exception) -> None:
        self._head(f"{cause_of(error)} ")

    def _head(self, word: str) -> None:
        title = Content.styled(brief(self._title, 120), "bold")
        self.query_one("#document-title", Line).show(title, Content(brief(word)))


def section_name(name: str, *, active: bool) -> Content:
    """The name of a section in the line that lists them; the one that is shown is loud."""
    return (
        Content.styled(f" {name.upper()} ", "bold reverse")
        if active
        else Content.styled(f" {name} ", "$text-muted")
    )


def coloured(text: str, language: str) -> list[Content]:
    """The lines of a text in the colours of its language, where it is not too long for that; blocks.

    Red stays what needs a human.
    """
    from textual.highlight import HighlightTheme, highlight

    class Calm(HighlightTheme):
        STYLES = {  # noqa: RUF012 (Textual's own attribute)
            token: style.replace("$text-error on $error-muted", "bold").replace("$text-error", "$text-accent")
            for token, style in HighlightTheme.STYLES.items()
        }

    shown = harmless_lines(text, most=MOST_LINES)
    if len(shown) > MOST_COLOURED:
        return [Content(line) for line in shown.split("\n")]
    return highlight(shown, language=language, theme=Calm).split("\n")


class Scrolling(ScrollableContainer, can_focus=True):
    """j, k, g and G scroll, as they move the cursor in tables."""

    place: ClassVar[str] = "text"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("text")
