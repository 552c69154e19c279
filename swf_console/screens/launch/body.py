"""The widgets of the launch form and their layout."""

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from ...widgets.bars.keys import KeyLine
from ...widgets.table.short_list import ShortList
from ...widgets.tail.line_view import Lines
from ...widgets.text.notice import Notice
from ..dialogs.confirm import hint
from .rows import CHOICE_COLUMNS, COLUMNS

EDITING, CHOOSING = "-editing", "-choosing"


class FormBody(Vertical):
    """The list of settings, the list of configurations, the verdict, and a field to edit one value."""

    DEFAULT_CSS = """
    FormBody {
        width: 100%; height: 100%; max-width: 150; max-height: 48; background: $surface;
        border: round $primary; padding: 0 1;
        border-title-color: $primary; border-title-style: bold;
        & #launch-parts { height: 1fr; layout: vertical; }
        & #launch-rows, & #launch-choices { height: 1fr; background: $surface; }
        & #launch-choices { display: none; }
        & #launch-verdict { height: 7; background: $surface; border-top: solid $panel; }
        & #launch-help { height: 2; padding: 0 1; color: $text-muted; }
        & #launch-keys { height: 1; color: $text-muted; }
        & #launch-hint { height: 1; padding: 0 1; color: $text-muted; display: none; }
        & #launch-input { display: none; height: 1; border: none; padding: 0 1; background: $boost; }
        &.-wide #launch-parts { layout: horizontal; }
        &.-wide #launch-rows, &.-wide #launch-choices { width: 2fr; height: 100%; }
        &.-wide #launch-verdict { width: 1fr; height: 100%; border-top: none; border-left: solid $panel; }
        & #launch-verdict:focus { border-top: solid $primary; }
        &.-wide #launch-verdict:focus { border-top: none; border-left: solid $primary; }
        &.-choosing #launch-rows { display: none; }
        &.-choosing #launch-choices { display: block; }
        &.-editing #launch-input { display: block; }
        &.-editing #launch-keys, &.-choosing #launch-keys { display: none; }
        &.-editing #launch-hint, &.-choosing #launch-hint { display: block; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="launch")
        self.border_title = "Run a workflow"
        self.rows = ShortList(COLUMNS, identity="launch-rows", empty="Loading the configurations ...")
        self.choices = ShortList(
            CHOICE_COLUMNS,
            identity="launch-choices",
            empty="No configurations in this home. Create a home with some: swf-console init DIR",
        )
        self.verdict = Lines(identity="launch-verdict", wrap=True)
        self.notice = Notice(identity="launch-notice")
        self.input = Input(id="launch-input", select_on_focus=True)
        self.keys = KeyLine(id="launch-keys", last=())
        self._help = Static(id="launch-help", markup=False)

    def compose(self) -> ComposeResult:
        """List and verdict, field, help, keys."""
        with Container(id="launch-parts"):
            yield self.rows
            yield self.choices
            yield self.verdict
        yield self.notice
        yield self._help
        yield self.input
        yield self.keys
        words = hint(("Enter", "accept"), ("{launch.back}", "cancel"))
        yield Static(words, id="launch-hint", markup=False)

    def on_mount(self) -> None:
        """Give the focus to the list."""
        self.rows.focus()

    @property
    def choosing(self) -> bool:
        """Whether a configuration is being chosen."""
        return self.has_class(CHOOSING)

    def explain(self, text: str) -> None:
        """Show the help of the row under the cursor."""
        self._help.update(Content(text))

    def set_mode(self, mode: str = "") -> None:
        """Switch to editing, choosing or the list; the other widgets do not take the focus meanwhile."""
        for each in (EDITING, CHOOSING):
            self.set_class(each == mode, each)
        self.rows.can_focus = self.verdict.can_focus = not mode
        part = {EDITING: self.input, CHOOSING: self.choices}.get(mode, self.rows)
        part.focus()
