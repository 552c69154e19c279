"""Values from the command line, a form or a message that override the files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tomli

from ..core.errors import ConfigurationError, Problem

KEY = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Override:
    """One value for `key` (`stf_count`, or `section.stf_count`); `origin` is the flag, `form` or `message`.

    `text` is the typed text if the value was read from text.
    """

    key: str
    value: Any = field(repr=False)
    origin: str = "message"
    text: str | None = field(default=None, repr=False)


def parse_override(text: str, origin: str = "--set") -> Override:
    """Read `key=value` or `section.key=value`: the value is a TOML scalar, bare words are strings.

    Raises ConfigurationError if key, `=` or value is missing.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    remedy = "Write section.key=value, such as fast_processing.stf_count=10"
    if not equals or not value:
        raise ConfigurationError(Problem(f"{key or text!r} has no value", remedy, origin))
    if not KEY.fullmatch(key):
        raise ConfigurationError(Problem(f"{key!r} is not a valid parameter name", remedy, origin))
    return typed_override(key, value, origin)


def typed_override(key: str, text: str, origin: str) -> Override:
    """A typed value: a TOML scalar, bare words are strings."""
    return Override(key, _scalar(text.strip()), origin, text.strip())


def overrides_from(params: Mapping[str, Any], origin: str = "message") -> tuple[Override, ...]:
    """The overrides in a message's `params`: names, `section.key` names, or tables of a section.

    `null` sets nothing; `namespace`, which some senders put there, is not a parameter.
    """
    flat: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{name}": item for name, item in value.items()}
        elif key != "namespace":
            flat[str(key)] = value
    return tuple(Override(key, value, origin) for key, value in flat.items() if value is not None)


def _scalar(text: str) -> Any:
    try:
        value = tomli.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return text if len(value) > 1 or isinstance(value["value"], dict | list) else value["value"]
