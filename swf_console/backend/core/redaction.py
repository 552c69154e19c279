"""Keep secrets off the screen, out of the database, messages and logs.

A value is secret when its key, or that of a table above it, holds password, token or secret (or a common
spelling of these), or a word that ends in key. Rather too much is hidden than too little. REDACTED takes
its place, so that a snapshot still shows that it was set.
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
    """Whether a value under these keys must never be shown or stored."""
    return any(SECRET.search(SEPARATORS.sub("", key.lower())) or KEY_WORD.search(key) for key in keys)


def redact(value: Any, *keys: str) -> Any:
    """A copy of `value`, as JSON can hold it, without what is secret in it."""
    if is_secret(*keys):
        return REDACTED
    if isinstance(value, Mapping):
        return {str(key): redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return URL_PASSWORD.sub(rf"\1{REDACTED}@", value)
    return value.isoformat() if isinstance(value, date | time) else value
