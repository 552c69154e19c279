"""Keys as they are labelled on a keyboard, and texts that name keys."""

import re

from ..actions.registry import REGISTRY, keys_of

_LABELS = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
    "exclamation_mark": "!",
    "space": "space",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "asterisk": "*",
    "number_sign": "#",
    "at": "@",
    "backspace": "Bksp",
    "delete": "Del",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
}


def key_label(key: str) -> str:
    """The label of a key that Textual names `key`."""
    if key.startswith("ctrl+"):
        return f"Ctrl-{key[5:].upper()}"
    if key.startswith("shift+"):
        return f"Shift-{key_label(key[6:])}"
    return _LABELS.get(key, key)


_NAMED = re.compile(r"\{([a-z_]+)(\.[a-z_]+)?(\+?)\}")
_ACTIONS = {action.id: action for action in REGISTRY}


def with_keys(text: str) -> str:
    """Replace `{launch}` or `{agents.start}` by the first key of the action.

    `{agents.start+}` stands for all its keys. An action without a key is shown by its title in the palette.
    """
    return _NAMED.sub(_keys, text)


def _keys(named: re.Match[str]) -> str:
    word, of_place, every = named.groups()
    action = _ACTIONS[f"{word}{of_place}" if of_place else f"everywhere.{word}"]
    keys = keys_of(action)
    return " ".join(map(key_label, keys if every else keys[:1])) or f":{action.title}"
