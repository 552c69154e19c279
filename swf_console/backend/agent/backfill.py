"""Messages sent before the broker first had an agent's subscription, read from the database."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from ..database import Database, executions, messages
from ..database.records.messages import MessageRecord
from ..message_mapping import stored_metadata
from ..messaging.message import IncomingMessage

RECENT = timedelta(minutes=10)
PAGE = 200


def missed_messages(
    database: Database, namespace: str, types: Sequence[str], destinations: Sequence[str]
) -> Iterator[list[IncomingMessage]]:
    """Pages of the messages, in order, of executions that are running or ended in the last ten minutes."""
    with database.read() as connection:
        recent = executions.recent(connection, namespace, datetime.now(UTC) - RECENT)
    for execution_id in recent:
        # a transaction for each page: handling one may take long, and SQLite keeps its WAL for a reader
        after: str | None = None
        while True:
            with database.read() as connection:
                page = messages.backfill(connection, execution_id, types, destinations, after, PAGE)
            yield [_incoming(message) for message in page.items]
            after = page.next
            if after is None:
                break


def _incoming(message: MessageRecord) -> IncomingMessage:
    content = message.content if isinstance(message.content, dict) else None
    return IncomingMessage(
        id=message.message_id,
        headers={},
        body=json.dumps(message.content),
        content=content,
        received_at=message.sent_at,
        problem=None if content is not None else "JSON, but not an object",
        **stored_metadata(message)._asdict(),
    )
