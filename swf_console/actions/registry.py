"""What an action is: its name, keys and words, how much it asks, and where it can be done."""

from enum import Enum
from typing import NamedTuple


class Tier(Enum):
    """How much an action asks before it acts."""

    READ = "changes nothing"
    REVERSIBLE = "asks y/N on the bottom line"
    MANY = "lists the names it concerns and asks"


class Action(NamedTuple):
    """One action. `name` is the method `action_<name>` of what has it, with its arguments.

    `keys` are Textual's names of keys. `command` are the words behind `swf-console` that do the same, with
    examples for what is chosen on screen; none where only the screen changes. `screens` are the places that
    have it: panes, overlays, and what can have the focus in them; none: it works everywhere. `argument`
    names what the palette may give it, as a text. `asks` is false where a form has been filled in already.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    help: str
    command: str
    tier: Tier = Tier.READ
    screens: tuple[str, ...] = ()
    shown: bool = True
    argument: str = ""
    asks: bool = True

    @property
    def id(self) -> str:
        """Its name in the key map of settings.toml, such as `messages.pause`."""
        place = self.screens[0] if self.screens else "everywhere"
        word = self.title.lower().replace(" ", "_") if "(" in self.name or "." in self.name else self.name
        return f"{place}.{word}"


def keyed(
    place: str, name: str, keys: str, title: str, words: str, *, command: str = "", shown: bool = False
) -> Action:
    """A key that changes what is seen in one place; `keys` with blanks between them."""
    return Action(name, tuple(keys.split()), title, words, command, screens=(place,), shown=shown)


def columns(place: str, command: str) -> Action:
    """The choice of what the list of one place shows."""
    words = "choose the columns by their names, in your order; none is all of them"
    return keyed(place, "columns", "C", "columns", words, command=command)
