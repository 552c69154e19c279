"""The publisher's outbox of an agent: messages were written with the work they belong to."""

from collections.abc import Sequence

from ..database import Database, messages
from ..database.records import NewMessage
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


def message_row(message: OutgoingMessage) -> NewMessage:
    """The row of a message that is about to be sent."""
    return NewMessage(
        message_id=message.id,
        message_type=message.msg_type,
        sent_at=message.created_at,
        content_json=message.body,
        namespace=message.namespace,
        execution_id=message.execution_id,
        run_id=message.run_id,
        sender_agent=message.sender,
        queue_name=message.destination,
    )
