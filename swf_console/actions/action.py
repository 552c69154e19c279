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
    examples for what is chosen on screen; none where only the screen changes. `scopes` are the screens,
    overlays and widgets that have it while they have the focus; none: it works everywhere. `argument` names
    what the palette may give it, as a text. `shown` is false where the footer leaves it to the help. `asks`
    is false where a form has been filled in already.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    help: str
    command: str = ""
    tier: Tier = Tier.READ
    scopes: tuple[str, ...] = ()
    shown: bool = True
    argument: str = ""
    asks: bool = True

    @property
    def id(self) -> str:
        """Its name in the key map of settings.toml, such as `messages.pause`."""
        scope = self.scopes[0] if self.scopes else "everywhere"
        word = self.title.lower().replace(" ", "_") if "(" in self.name or "." in self.name else self.name
        return f"{scope}.{word}"


def shown(
    name: str,
    keys: str,
    title: str,
    words: str,
    command: str = "",
    tier: Tier = Tier.READ,
    *,
    argument: str = "",
    asks: bool = True,
) -> Action:
    """An action that the footer shows; `keys` with blanks between them, `words` are its help."""
    return Action(name, tuple(keys.split()), title, words, command, tier, argument=argument, asks=asks)


def hidden(name: str, keys: str, title: str, words: str, command: str = "", tier: Tier = Tier.READ) -> Action:
    """An action that the footer leaves to the help."""
    return shown(name, keys, title, words, command, tier)._replace(shown=False)


def columns(command: str) -> Action:
    """The choice of what a list shows."""
    words = "choose the columns by their names, in your order; none is all of them"
    return hidden("columns", "C", "columns", words, command)


def in_scope(scope: str, *actions: Action) -> tuple[Action, ...]:
    """The actions of one scope."""
    return tuple(action._replace(scopes=(scope,)) for action in actions)
