"""Key bindings made from the registry of actions."""

from textual.binding import Binding, BindingType

from ..actions.action import Action
from ..actions.global_actions import GLOBAL_ACTIONS
from ..actions.registry import actions_of


def bindings_of(scope: str, *, priority: bool = False) -> list[BindingType]:
    """The bindings of a scope's actions, each with its help."""
    return [binding_of(action, priority=priority) for action in actions_of(scope) if action.keys]


def global_bindings() -> list[BindingType]:
    """The bindings of the global actions."""
    return [binding_of(action) for action in GLOBAL_ACTIONS if action.keys]


def binding_of(action: Action, *, priority: bool = False) -> Binding:
    """An action as Textual binds it; the id is its name in the key map of settings.toml."""
    return Binding(
        ",".join(action.keys),
        action.name,
        action.title,
        show=action.shown,
        tooltip=action.help,
        priority=priority,
        id=action.id,
    )
