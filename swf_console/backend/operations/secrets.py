"""Values as they may be kept or shown: what is secret in them is left out."""

from typing import Any

from ..configuration.redaction import redact


def without_secrets(value: Any) -> Any:
    """A copy without what stands under a key that names a password, a token or the like."""
    return redact(value)
