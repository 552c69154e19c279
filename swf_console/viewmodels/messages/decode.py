"""From a frame as it came to what the ring keeps; whatever comes, this never raises."""

import json
from collections.abc import Mapping
from typing import Any

from ...backend.messaging.message import TOLD, identify
from .ring_buffer import Stamp

MOST_STAMPS = 5000
TEXT = {str}


class Stamper:
    """Reads frames, and gives those that agree one Stamp."""

    def __init__(self) -> None:
        self._known: dict[Stamp, Stamp] = {}

    def stamp(self, headers: Mapping[str, str], body: str) -> tuple[Stamp, str]:
        """The stamp of a message and its id."""
        content = _object(body)
        said = [content.get(name) for name in TOLD]
        if not (all(said) and set(map(type, said)) == TEXT):
            said = [_either(content, headers, name) for name in TOLD]
        stamp = Stamp(headers.get("destination", ""), *said)
        known = self._known.get(stamp)
        if known is None:
            if len(self._known) >= MOST_STAMPS:
                self._known.clear()
            known = self._known[stamp] = stamp
        return known, identify(headers)


def _object(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _either(content: Mapping[str, Any], headers: Mapping[str, str], name: str) -> str | None:
    value = content.get(name)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return headers.get(name) or None
