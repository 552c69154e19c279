"""Checks the key map of settings.toml: its actions and keys exist, and no key hides another."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..backend.config.documents import Document
from ..backend.core.errors import Problem
from ..backend.core.suggest import suggest

KEY = re.compile(r"(?:[a-z]+\+)*(?:[^\s,]|[a-z][a-z0-9_]+)")
KEYS = 'Write one or more keys, for example "space,p" or "ctrl+l"'


class KnownKey(NamedTuple):
    """An action that can have keys: its scope, and its keys without a key map."""

    scope: str
    keys: tuple[str, ...]
    help: str = ""


class KnownKeys(NamedTuple):
    """What a key map can name.

    `hides` maps a scope to those around it: a key of the inner scope hides the same key of the outer ones.
    `name_of` is the canonical name of a key, empty for an unknown one; `types` says whether the key is text
    input in a scope.
    """

    actions: Mapping[str, KnownKey]
    hides: Mapping[str, Sequence[str]]
    name_of: Callable[[str], str]
    types: Callable[[str, str], bool]


def key_problems(document: Document, known: Callable[[], KnownKeys] | None) -> Iterator[Problem]:
    """Everything wrong with the keys; without `known` only their form is checked."""
    given = document.data.get("keys")
    if not isinstance(given, dict):
        return
    there = known() if known else None
    for name, value in given.items():
        wrong = _wrong(name, value, there)
        if wrong is None and there is not None:
            wrong = _clash(name, given, there)
        if wrong is not None:
            message, remedy = wrong
            shown = None if there is not None and name not in there.actions else repr(value)[:60]
            yield document.problem(message, "keys", name, value=shown, remedy=remedy)


def _wrong(name: str, value: Any, known: KnownKeys | None) -> tuple[str, str] | None:
    """What is wrong with one line of the key map, and the remedy."""
    if not isinstance(value, str) or not all(map(KEY.fullmatch, _split(value))):
        return "is not a key", KEYS
    if known is None:
        return None
    if name not in known.actions:
        otherwise = "swf-console settings sample lists the actions"
        remedy = suggest(name, known.actions, otherwise=otherwise, at_most=1)
        return "unknown action", remedy
    if unknown := [key for key in _split(value) if not known.name_of(key)]:
        return f"{unknown[0]} is not a key that a terminal sends", KEYS
    if text := [key for key in _split(value) if known.types(known.actions[name].scope, key)]:
        return f"{text[0]} is text input there", "Choose a key that is not text, such as ctrl+g or f2"
    return None


def _clash(name: str, given: Mapping[str, Any], known: KnownKeys) -> tuple[str, str] | None:
    """The first key that another action has too, if only one of the two could be reached.

    Keys that the defaults already share are allowed. Of two clashing lines the later one is reported.
    """
    mine, earlier = known.actions[name], list(given)[: list(given).index(name)]
    for key, plain in ((key, known.name_of(key)) for key in _split(given[name])):
        others = {
            other: theirs
            for other, theirs in known.actions.items()
            if (other in earlier or other not in given)
            and other != name
            and plain in _names(other, given, known)
            and not (plain in mine.keys and plain in theirs.keys)
        }
        if same := [other for other, theirs in others.items() if theirs.scope == mine.scope]:
            return f"{key} is already the key of {same[0]}", _choose(same)
        if under := [other for other, one in others.items() if one.scope in known.hides[mine.scope]]:
            return f"{key} would hide {_listed(under)}", _choose(under)
        if over := [other for other, one in others.items() if mine.scope in known.hides[one.scope]]:
            return f"{key} would be hidden by {_listed(over)}", _choose(over)
    return None


def _names(action: str, given: Mapping[str, Any], known: KnownKeys) -> list[str]:
    chosen = given.get(action)
    keys = _split(chosen) if isinstance(chosen, str) else known.actions[action].keys
    return [known.name_of(key) for key in keys]


def _choose(others: Sequence[str]) -> str:
    return f"Choose another key, or change the key of {others[0] if len(others) == 1 else 'these actions'}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _split(text: str) -> list[str]:
    return [key.strip() for key in text.split(",")]
