"""Keys named in running text, as the key map has them."""

import re

from ..actions import REGISTRY, keys_of
from .keys import spoken

_NAMED = re.compile(r"\{([a-z_]+)(\.[a-z_]+)?(\+?)\}")
_ACTIONS = {action.id: action for action in REGISTRY}


def with_keys(text: str) -> str:
    """`{launch} runs a workflow`, `{agents.start} starts it`: each action's first key stands for its name.

    All its keys stand for `{agents.start+}`; an action without any is said as the palette has it.
    """
    return _NAMED.sub(_keys, text)


def _keys(named: re.Match[str]) -> str:
    word, of_place, every = named.groups()
    action = _ACTIONS[f"{word}{of_place}" if of_place else f"everywhere.{word}"]
    keys = keys_of(action)
    return " ".join(map(spoken, keys if every else keys[:1])) or f":{action.title}"
