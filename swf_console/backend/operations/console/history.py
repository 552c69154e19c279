"""What lies behind the ring: recorded messages, read backwards in time, without those that the ring has."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ...database import Database, messages
from ...database.records.messages import Message, MessageFilter
from ..message_filter import MessageMatch
from ..message_listing import list_messages
from .ring import Kept, Stamp

SKEW_SECONDS = 5.0
MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Behind:
    """Some messages behind the ring, the newest first, and the cursor for those before them."""

    messages: tuple[Kept, ...]
    after: str | None

    @property
    def is_all(self) -> bool:
        """Whether there is nothing before."""
        return self.after is None


def read_behind(
    database: Database,
    match: MessageMatch,
    *,
    namespace: str | None,
    before: float,
    known: Callable[[str], bool],
    after: str | None = None,
    limit: int = 200,
) -> Behind:
    """Read up to `limit` recorded messages sent before `before` (seconds), that are not `known` by their id.

    Clocks differ a little: what was sent up to five seconds later is looked at as well.
    """
    until = datetime.fromtimestamp(before + SKEW_SECONDS, UTC)
    wanted = MessageFilter(namespace=namespace, until=until)
    found: list[Kept] = []
    for _ in range(MOST_PAGES):
        page = list_messages(database, wanted, match, after, limit)
        new = [item.message_id for item in page.items if not known(item.message_id)]
        with database.read() as connection:
            found.extend(map(_kept, messages.with_content(connection, new)))
        after = page.next
        if after is None or found:
            break
    return Behind(tuple(found), after)


def _kept(message: Message) -> Kept:
    content = message.content
    body = content if isinstance(content, str) else json.dumps(content)
    stamp = Stamp(
        message.queue_name or "",
        message.message_type,
        message.namespace,
        message.execution_id,
        message.run_id,
        message.sender_agent,
    )
    return Kept(0, message.sent_at.timestamp(), stamp, message.message_id, body)
