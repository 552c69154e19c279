"""The one registry of what can be done in the console: keys, help, footer and palette are made from it."""

from dataclasses import dataclass
from enum import Enum


class Tier(Enum):
    """How much an action asks before it acts."""

    READ = "changes nothing"
    REVERSIBLE = "asks y/N on the bottom line"
    MANY = "lists the names it concerns and asks"
    IRREVERSIBLE = "asks for the name to be typed"


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `name` is the method `action_<name>` of the app or of a pane.

    `command` is the equivalent command line. `screens` are the panes that have it; none: it works everywhere.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    help: str
    command: str
    tier: Tier = Tier.READ
    screens: tuple[str, ...] = ()
    shown: bool = True


EVERYWHERE: tuple[Action, ...] = ()

OF_PANES: tuple[Action, ...] = ()

REGISTRY: tuple[Action, ...] = EVERYWHERE + OF_PANES


def actions_of(screen: str) -> tuple[Action, ...]:
    """The actions of one pane, in the order of the registry."""
    return tuple(action for action in REGISTRY if screen in action.screens)
