"""Keep secrets off the screen, out of the database, messages and logs.

A value is secret when a word of its key, or of a table above it, ends in password, token, secret or key
(or a common spelling of these). It is replaced by REDACTED, so that a snapshot still shows it was set.
"""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

REDACTED = "<redacted>"
WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
SECRET_WORD = re.compile(r".*(?:password|passwd|passphrase|token|secret|credential|key)s?|pwd", re.IGNORECASE)
URL_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")


def is_secret(*keys: str) -> bool:
    """Whether a value under these keys must never be shown or stored."""
    return any(SECRET_WORD.fullmatch(word) for key in keys for word in WORDS.findall(key))


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
