"""What a broker in memory holds: messages, and who wants which."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from swf_console.backend.messaging.link import MessageRoute

if TYPE_CHECKING:
    from .link import MemoryLink


@dataclass(slots=True)
class Stored:
    """One message as the broker holds it."""

    destination: str
    headers: dict[str, str]
    body: str
    redelivered: bool = False

    def property(self, name: str) -> str | None:
        """What a selector sees."""
        return self.headers.get(name)


@dataclass(slots=True, eq=False)
class Consumer:
    """One subscription of one session."""

    link: "MemoryLink"
    session: int
    name: str
    destination: str
    ack: str
    route: MessageRoute
    prefetch: int
    wants: Callable[[Stored], bool | None]
    durable: tuple[str, str] | None = None
    unacknowledged: dict[str, Stored] = field(default_factory=dict)

    @property
    def hungry(self) -> bool:
        """Whether it may be given more before it acknowledges."""
        return len(self.unacknowledged) < self.prefetch


def stranger(destination: str, body: str, **headers: str) -> Stored:
    """A message as somebody else's program might send it."""
    known = {"destination": destination, "message-id": f"stranger-{uuid.uuid4()}"}
    return Stored(destination, known | headers, body)
