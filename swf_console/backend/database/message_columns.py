"""The columns of a message as its records have them, without and with its content."""

from .tables.workflows import messages

_c = messages.c

SUMMARY = (
    _c.message_id,
    _c.message_type,
    _c.sender_agent,
    _c.namespace,
    _c.execution_id,
    _c.run_id,
    _c.queue_name,
    _c.sent_at,
    _c.delivered_at,
)
WHOLE = (
    *SUMMARY,
    _c.message_content.label("content"),
    _c.message_metadata.label("metadata"),
    _c.correlation_id,
)
