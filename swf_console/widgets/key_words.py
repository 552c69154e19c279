"""Keys named in running text, as the key map has them."""

import re

from ..actions import REGISTRY, keys_of
from .keys import spoken

_NAMED = re.compile(r"\{([a-z_]+)(\.[a-z_]+)?\}")
_ACTIONS = {action.id: action for action in REGISTRY}


def with_keys(text: str) -> str:
    """`{launch} runs a workflow`, `{agents.start} starts it`: each action's first key stands for its name."""
    return _NAMED.sub(_key, text)


def _key(named: re.Match[str]) -> str:
    identity = named[0][1:-1] if named[2] else f"everywhere.{named[1]}"
    keys = keys_of(_ACTIONS[identity])
    return spoken(keys[0]) if keys else f":{_ACTIONS[identity].title}"
