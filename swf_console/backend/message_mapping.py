"""Messages as rows of the message table: the only module that imports messaging and the database."""

from .database.records.messages import MessageSummary, NewMessage
from .messaging.message import IncomingMessage, MessageMetadata, OutgoingMessage


def outgoing_row(message: OutgoingMessage) -> NewMessage:
    """The row of a message before it is sent."""
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


def incoming_row(message: IncomingMessage) -> NewMessage:
    """The row of a message from another program; since it arrived, it is marked as delivered."""
    known = message.content is not None
    return NewMessage(
        message_id=message.id,
        message_type=message.msg_type or "",
        sent_at=message.received_at,
        content=None if known else message.body,
        content_json=message.body if known else None,
        namespace=message.namespace,
        execution_id=message.execution_id,
        run_id=message.run_id,
        sender_agent=message.sender,
        queue_name=message.destination,
        correlation_id=message.headers.get("correlation-id"),
        delivered_at=message.received_at,
    )


def stored_metadata(row: MessageSummary) -> MessageMetadata:
    """The metadata of a stored message."""
    return MessageMetadata(
        destination=row.queue_name or "",
        msg_type=row.message_type,
        namespace=row.namespace,
        execution_id=row.execution_id,
        run_id=row.run_id,
        sender=row.sender_agent,
    )
