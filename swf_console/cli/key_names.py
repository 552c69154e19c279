"""The actions and keys that settings.toml can name: every action with keys, by its id."""

from functools import cache

from ..actions.registry import REGISTRY
from ..actions.scope import TEXT_SCOPES, hidden_by
from ..viewmodels.keymap import KnownKey, KnownKeys

MODIFIERS = ("ctrl", "shift", "super", "hyper", "meta")


def known_keys() -> KnownKeys:
    """The scope, keys and help of each action, and the valid keys."""
    scopes = {action.id: action.id.partition(".")[0] for action in REGISTRY if action.keys}
    actions = {
        action.id: KnownKey(scopes[action.id], action.keys, action.help) for action in REGISTRY if action.keys
    }
    return KnownKeys(actions, {scope: tuple(hidden_by(scope)) for scope in scopes.values()}, name_of, types)


def name_of(key: str) -> str:
    """Textual's name of a key, such as `slash` for `/`; empty if there is no such key.

    Alt is not supported: a terminal sends it as Esc followed by the letter.
    """
    from textual.keys import _character_to_key, format_key

    if len(key) == 1:
        return _character_to_key(key)
    *modifiers, last = key.split("+")
    character = last == "space" or (len(format_key(last)) == 1 and last == last.lower())
    there = character or last in _special()
    return key if there and all(each in MODIFIERS for each in modifiers) else ""


def types(scope: str, key: str) -> bool:
    """Whether the key enters text in that scope."""
    name = name_of(key)
    return scope in TEXT_SCOPES and "+" not in name and name not in _special()


@cache
def _special() -> frozenset[str]:
    """The keys that are not characters, such as escape, f2 and pagedown."""
    from textual.keys import Keys

    return frozenset(each.value for each in Keys)
