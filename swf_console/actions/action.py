"""An action: its name, keys and help, how much it asks, and in which scopes it works."""

from enum import Enum
from typing import NamedTuple


class Tier(Enum):
    """How much an action asks before it acts."""

    READ = "changes nothing"
    REVERSIBLE = "asks y/N on the bottom line"
    MANY = "lists the names it concerns and asks"


class Action(NamedTuple):
    """An action. `name` is the method `action_<name>` that does it, with its arguments.

    `keys` are Textual's names of keys. `command` are the words behind `swf-console` that do the same, with
    examples for what is chosen on screen; empty where only the screen changes. `scopes` are the screens,
    overlays and widgets that have the action while they have the focus; an action without scopes is global.
    `argument` names what the palette may pass to it, as text. An action that is not `shown` is in the help
    but not in the footer. `asks` is false where a form has been filled in already.
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
        """The action's name in the key map of settings.toml, such as `messages.pause`."""
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
    """An action that the footer shows. `keys` are separated by blanks, `words` are its help."""
    return Action(name, tuple(keys.split()), title, words, command, tier, argument=argument, asks=asks)


def hidden(name: str, keys: str, title: str, words: str, command: str = "", tier: Tier = Tier.READ) -> Action:
    """An action that is in the help but not in the footer."""
    return shown(name, keys, title, words, command, tier)._replace(shown=False)


def columns(command: str) -> Action:
    """The action that chooses the columns of a list."""
    words = "choose the columns by their names, in your order; none is all of them"
    return hidden("columns", "C", "columns", words, command)


def in_scope(scope: str, *actions: Action) -> tuple[Action, ...]:
    """The same actions, limited to one scope."""
    return tuple(action._replace(scopes=(scope,)) for action in actions)
