"""Key bindings made from the registry of actions."""

from textual.binding import Binding, BindingType

from ..actions.action import Action
from ..actions.global_actions import GLOBAL_ACTIONS
from ..actions.registry import actions_of


def bindings_of(place: str, *, priority: bool = False) -> list[BindingType]:
    """The bindings of a place's actions, each with its help."""
    return [bound(action, priority=priority) for action in actions_of(place) if action.keys]


def bindings_everywhere() -> list[BindingType]:
    """The bindings of what works on every screen."""
    return [bound(action) for action in GLOBAL_ACTIONS if action.keys]


def bound(action: Action, *, priority: bool = False) -> Binding:
    """One action as Textual binds it; its id is what the key map of settings.toml names."""
    return Binding(
        ",".join(action.keys),
        action.name,
        action.title,
        show=action.shown,
        tooltip=action.help,
        priority=priority,
        id=action.id,
    )
