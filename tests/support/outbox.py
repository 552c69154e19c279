"""An outbox in memory that remembers what it was given, and fails when told to."""

import threading
from collections.abc import Sequence

from swf_console.backend.messaging.message import Delivery, OutgoingMessage


class MemoryOutbox:
    """What was recorded, in order; `calls` has (new, delivered) counts of each transaction."""

    def __init__(self) -> None:
        self.recorded: list[str] = []
        self.delivered: list[str] = []
        self.calls: list[tuple[int, int]] = []
        self.failures = 0
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:
        """Remember both, or fail and remember neither."""
        self.gate.wait()
        if self.failure is not None:
            self.failures += 1
            raise self.failure
        self.recorded += [message.id for message in new]
        self.delivered += [delivery.id for delivery in delivered]
        self.calls.append((len(new), len(delivered)))
