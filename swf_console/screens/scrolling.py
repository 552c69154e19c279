"""A part of a screen that scrolls with the keys of tables."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer


class Scrolling(ScrollableContainer, can_focus=True):
    """j, k, g and G scroll, as they move the cursor in tables."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "down", show=False, tooltip="One line down"),
        Binding("k", "scroll_up", "up", show=False, tooltip="One line up"),
        Binding("g", "scroll_home", "first", show=False, tooltip="To the beginning"),
        Binding("G", "scroll_end", "last", show=False, tooltip="To the end"),
    ]
