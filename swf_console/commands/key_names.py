"""What the key map of settings.toml can name: every action that has keys, by its id."""

from ..actions import REGISTRY
from ..backend.operations.console.preferences import KnownKey, KnownKeys


def known_keys() -> KnownKeys:
    """Where each action works, its keys, and what it does."""
    return {
        action.id: KnownKey(action.id.partition(".")[0], action.keys, action.help)
        for action in REGISTRY
        if action.keys
    }
