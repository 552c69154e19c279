"""What the eight screens have in common."""

from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from ..widgets.bindings import bindings_of

if TYPE_CHECKING:
    from ..backend.operations.console.services import ConsoleServices


class Pane(Widget, can_focus=False):
    """One screen of the console. It is made when it is first opened, and told when it is shown and hidden.

    A subclass names its `screen_name` (a word of the registry), and gets its key bindings from there.
    `help_text` is what `?` says beside the keys.
    """

    screen_name: ClassVar[str] = ""
    place: ClassVar[str] = ""
    help_text: ClassVar[str] = ""

    def __init_subclass__(cls, **arguments: bool) -> None:
        """Give the pane the bindings of its actions, before Textual collects them."""
        cls.place = cls.screen_name
        cls.BINDINGS = bindings_of(cls.screen_name)
        super().__init_subclass__(**arguments)

    def __init__(self, services: "ConsoleServices") -> None:
        super().__init__(id=f"pane-{self.screen_name}")
        self.services = services

    def opened(self) -> None:
        """The pane is on screen now: begin to refresh."""

    def closed(self) -> None:
        """The pane is hidden now: stop refreshing."""

    def refresh_now(self) -> None:
        """Read again at once."""

    def copy_text(self, what: str) -> str | None:  # noqa: ARG002 (the panes that have something say what)
        """The text that `y` copies: `cell`, `row`, `json` or `command`."""
        return None

    def remember(self) -> dict[str, object]:
        """What of filters, columns and place is to be remembered."""
        return {}

    def recall(self, remembered: dict[str, object]) -> None:
        """Take up what was remembered."""
