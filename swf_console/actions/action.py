"""An action: its name, keys and help, what it asks first, and in which scopes it works."""

from enum import Enum
from typing import NamedTuple


class Tier(Enum):
    """What an action asks before it acts."""

    READ = "changes nothing"
    REVERSIBLE = "asks y/N on the bottom line"
    MANY = "lists the affected names and asks"


class Action(NamedTuple):
    """An action. `name` is the method `action_<name>` that performs it, with its arguments.

    `keys` are Textual's names of keys. `command` holds the arguments of `swf-console` that do the same, with
    example values for what is selected on screen; it is empty where only the screen changes. `scopes` are the
    screens, overlays and widgets that have the action while they have the focus; an action without scopes is
    global. `argument` names the text that the palette may pass to it. An action that is not `shown` is in the
    help but not in the footer. `asks` is false where a form has already asked. `word` is its word in the key
    map where name and title do not give it.
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
    word: str = ""

    @property
    def id(self) -> str:
        """The action's name in the key map of settings.toml, such as `messages.pause`."""
        scope = self.scopes[0] if self.scopes else "everywhere"
        # one method with different arguments is several actions: their titles tell them apart
        word = self.title.lower().replace(" ", "_") if "(" in self.name or "." in self.name else self.name
        return f"{scope}.{self.word or word}"


def shown(
    name: str,
    keys: str,
    title: str,
    help_text: str,
    command: str = "",
    tier: Tier = Tier.READ,
    *,
    argument: str = "",
    asks: bool = True,
) -> Action:
    """An action that the footer shows. `keys` are separated by blanks."""
    return Action(name, tuple(keys.split()), title, help_text, command, tier, argument=argument, asks=asks)


def hidden(
    name: str, keys: str, title: str, help_text: str, command: str = "", tier: Tier = Tier.READ
) -> Action:
    """An action that is in the help but not in the footer."""
    return shown(name, keys, title, help_text, command, tier)._replace(shown=False)


def columns(command: str) -> Action:
    """The action that chooses the columns of a list."""
    return hidden("columns", "C", "columns", "choose columns by name, in order; empty: all", command)


def in_scope(scope: str, *actions: Action) -> tuple[Action, ...]:
    """The same actions, limited to one scope."""
    return tuple(action._replace(scopes=(scope,)) for action in actions)
