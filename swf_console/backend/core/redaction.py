"""Keeps secrets out of screens, database, messages and logs.

A value is secret if its key, or the key of a table above it, contains password, token, secret or a common
spelling of these, or a word that ends in key. Rather too much is hidden than too little. REDACTED replaces
it, so that a snapshot still shows that it was set.
"""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

REDACTED = "<redacted>"
SEPARATORS = re.compile(r"[^a-z0-9]+")
SECRET = re.compile(r"password|passwd|passphrase|passcode|pwd|token|secret|credential")
KEY_WORD = re.compile(r"(?i:keys?)(?![a-z])")
URL_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/]+@")


def is_secret(*keys: str) -> bool:
    """Whether a value under these keys must not be shown or stored."""
    return any(SECRET.search(SEPARATORS.sub("", key.lower())) or KEY_WORD.search(key) for key in keys)


def redact(value: Any, *keys: str) -> Any:
    """A copy of `value` in JSON types, with its secrets replaced by REDACTED."""
    if is_secret(*keys):
        return REDACTED
    if isinstance(value, Mapping):
        return {str(key): redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return URL_PASSWORD.sub(rf"\1{REDACTED}@", value)
    return value.isoformat() if isinstance(value, date | time) else value
