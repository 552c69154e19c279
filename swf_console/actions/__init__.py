"""The one registry of what can be done in the console: keys, help, footer and palette are made from it."""

from collections.abc import Mapping

from .global_actions import EVERYWHERE
from .lists import DEFINITIONS, EXECUTIONS, MESSAGES
from .overlays import OF_OVERLAYS
from .registry import Action, Tier
from .scope import OF_PARTS
from .screens import AGENTS, FAST_PROCESSING, JOURNAL, NAMESPACES, OVERVIEW

__all__ = [
    "EVERYWHERE",
    "OF_PANES",
    "PLACES",
    "REGISTRY",
    "Action",
    "Tier",
    "action_of",
    "actions_of",
    "keys_of",
    "use_keys",
]

OF_PANES: tuple[Action, ...] = (
    OVERVIEW + AGENTS + EXECUTIONS + DEFINITIONS + MESSAGES + JOURNAL + NAMESPACES + FAST_PROCESSING
)

REGISTRY: tuple[Action, ...] = EVERYWHERE + OF_PANES + OF_OVERLAYS + OF_PARTS

# the places that are no screens of the catalogue, as help calls them
PLACES: Mapping[str, str] = {
    "launch": "The launch form",
    "doctor": "The doctor",
    "help": "Help",
    "dialog": "A dialog",
    "confirm": "A question about many",
    "quitting": "Leaving",
    "palette": "The palette",
    "picker": "The namespace picker",
    "table": "The table",
    "lines": "Moving",
    "list": "The list",
    "code": "Long lines",
    "log": "The log",
    "tail": "The tail",
    "text": "The text",
    "entry": "What is typed",
    "execution": "An execution",
    "definition": "A definition",
    "replay": "A replay",
}

_chosen: dict[str, tuple[str, ...]] = {}


def actions_of(place: str) -> tuple[Action, ...]:
    """The actions of one place, in the order of the registry."""
    return tuple(action for action in REGISTRY if place in action.screens)


def action_of(name: str, screen: str = "") -> Action:
    """One action by its name; of a place, or of those that work everywhere."""
    return next(one for one in REGISTRY if one.name == name and (screen in one.screens or not screen))


def use_keys(chosen: Mapping[str, str]) -> None:
    """Other keys than the registry's, from now on: `{"messages.pause": "space,p"}`."""
    _chosen.clear()
    _chosen.update({name: tuple(key.strip() for key in keys.split(",")) for name, keys in chosen.items()})


def keys_of(action: Action) -> tuple[str, ...]:
    """The keys that do it now."""
    return _chosen.get(action.id, action.keys)
