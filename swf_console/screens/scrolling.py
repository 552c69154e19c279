"""A part of a screen that scrolls with the keys of tables."""

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import ScrollableContainer

from ..widgets.bindings import bindings_of


class Scrolling(ScrollableContainer, can_focus=True):
    """j, k, g and G scroll, as they move the cursor in tables."""

    place: ClassVar[str] = "text"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("text")
