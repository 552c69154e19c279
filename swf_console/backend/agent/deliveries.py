"""The publisher's outbox of an agent: messages were written with the work they belong to."""

from collections.abc import Sequence

from ..database import Database, messages
from ..messaging.messages import Delivery, OutgoingMessage
from .tasks import OpenTasks


class Deliveries:
    """Notes what the broker has confirmed, and lets the tasks go that waited for it."""

    def __init__(self, database: Database, tasks: OpenTasks) -> None:
        self._database, self._tasks = database, tasks

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:  # noqa: ARG002
        """Write deliveries down; what is new is in the table already."""
        if not delivered:
            return
        with self._database.write() as connection:
            messages.mark_delivered(connection, delivered)
        self._tasks.confirm([delivery.id for delivery in delivered])
