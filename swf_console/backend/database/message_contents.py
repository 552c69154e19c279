"""The contents of many messages at once, for pages that were listed without them."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from .message_columns import WHOLE
from .records.messages import Message
from .tables.workflows import messages

MOST_IDS = 500

_c = messages.c
_ALL = select(*WHOLE)


def full(connection: Connection, message_ids: Sequence[str]) -> list[Message]:
    """Read these messages with their content, in the order of the ids; absent ones are left out."""
    found: dict[str, Message] = {}
    for first in range(0, len(message_ids), MOST_IDS):
        wanted = _ALL.where(_c.message_id.in_(message_ids[first : first + MOST_IDS]))
        for row in connection.execute(wanted):
            found[row.message_id] = Message(**row._mapping)
    return [found[identity] for identity in message_ids if identity in found]
