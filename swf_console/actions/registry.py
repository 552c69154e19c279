"""The registry of all actions, and the user's key map: bindings, help, footer and palette come from here."""

from collections.abc import Mapping

from .action import Action
from .global_actions import GLOBAL_ACTIONS
from .overlays import OVERLAY_ACTIONS
from .screens import SCREEN_ACTIONS, VIEW_ACTIONS
from .widgets import WIDGET_ACTIONS

REGISTRY: tuple[Action, ...] = (
    GLOBAL_ACTIONS + SCREEN_ACTIONS + OVERLAY_ACTIONS + WIDGET_ACTIONS + VIEW_ACTIONS
)

_key_map: dict[str, tuple[str, ...]] = {}


def actions_of(scope: str) -> tuple[Action, ...]:
    """The actions of one scope, in the order of the registry."""
    return tuple(action for action in REGISTRY if scope in action.scopes)


def action_of(name: str, scope: str = "") -> Action:
    """One action by its name; of a scope, or of those that work everywhere."""
    return next(one for one in REGISTRY if one.name == name and (scope in one.scopes or not scope))


def use_keys(chosen: Mapping[str, str]) -> None:
    """Replace the default keys of some actions by those of the key map: `{"messages.pause": "space,p"}`."""
    _key_map.clear()
    _key_map.update({name: tuple(key.strip() for key in keys.split(",")) for name, keys in chosen.items()})


def keys_of(action: Action) -> tuple[str, ...]:
    """The keys of an action, after the key map."""
    return _key_map.get(action.id, action.keys)
