"""What the key map of settings.toml can name: every action that has keys, by its id."""

from functools import cache

from ..actions.registry import REGISTRY
from ..actions.scope import TEXT_SCOPES, hidden_by
from ..viewmodels.keymap import KnownKey, KnownKeys

MODIFIERS = ("ctrl", "shift", "super", "hyper", "meta")


def known_keys() -> KnownKeys:
    """Where each action works, its keys, what it does, and which keys there are."""
    scopes = {action.id: action.id.partition(".")[0] for action in REGISTRY if action.keys}
    actions = {
        action.id: KnownKey(scopes[action.id], action.keys, action.help) for action in REGISTRY if action.keys
    }
    return KnownKeys(actions, {scope: tuple(hidden_by(scope)) for scope in scopes.values()}, name_of, types)


def name_of(key: str) -> str:
    """The name under which the terminal's keys come, as `slash` for `/`; empty where no key has that name.

    Alt has none: Esc and a letter that come at once look the same.
    """
    from textual.keys import _character_to_key, format_key

    if len(key) == 1:
        return _character_to_key(key)
    *modifiers, last = key.split("+")
    character = last == "space" or (len(format_key(last)) == 1 and last == last.lower())
    there = character or last in _special()
    return key if there and all(each in MODIFIERS for each in modifiers) else ""


def types(scope: str, key: str) -> bool:
    """Whether the key is a part of what is typed in that place."""
    name = name_of(key)
    return scope in TEXT_SCOPES and "+" not in name and name not in _special()


@cache
def _special() -> frozenset[str]:
    """The keys that are no characters, as escape, f2 and pagedown."""
    from textual.keys import Keys

    return frozenset(each.value for each in Keys)
