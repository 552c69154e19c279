"""What the kinds of broker have in common for an operator."""

from typing import Protocol

from .records import BrokerContents, Compaction, Removal, WaitingMessage
from .target import Target


class BrokerAdministration(Protocol):
    """Reads what a broker holds and removes parts of it.

    Methods raise BrokerUnreachable, UsageError where the target does not exist, and Refused where it is in
    use or where this kind of broker cannot do it over STOMP; the advice then says how it is done.
    """

    def contents(self) -> BrokerContents:
        """Queues, topics, durable subscriptions and the store."""

    def summary(self) -> BrokerContents:
        """As much of it as comes within a few milliseconds."""

    def browse(self, target: Target, limit: int) -> list[WaitingMessage]:
        """The first messages of a queue or of a durable subscription, which stay there."""

    def drop(self, target: Target) -> list[Removal]:
        """Remove durable subscriptions with their messages."""

    def purge(self, target: Target) -> list[Removal]:
        """Remove the waiting messages of a queue or of durable subscriptions, which stay."""

    def compact(self) -> Compaction:
        """Give the free space in the store's file back to the file system."""
