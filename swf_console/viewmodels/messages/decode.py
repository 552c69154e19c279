"""Decodes frames for the ring; never raises, whatever a frame contains."""

import json
from collections.abc import Mapping
from typing import Any

from ...backend.messaging.message import MessageMetadata, identify, metadata_of

MAX_KNOWN = 5000


class FrameDecoder:
    """Reads frames; equal metadata become one object, which keeps the ring small."""

    def __init__(self) -> None:
        self._known: dict[MessageMetadata, MessageMetadata] = {}

    def decode(self, headers: Mapping[str, str], body: str) -> tuple[MessageMetadata, str]:
        """The metadata of a message, and its id."""
        metadata = metadata_of(headers, _object(body))
        known = self._known.get(metadata)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[metadata] = metadata
        return known, identify(headers)


def _object(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
