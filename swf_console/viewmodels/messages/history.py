"""History: recorded messages older than the ring, read backwards in time."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ...backend.database import Database, messages
from ...backend.database.records.messages import MessageFilter, MessageRecord
from ...backend.message_mapping import stored_metadata
from ...backend.services.messages.filter import MessageMatch
from ...backend.services.messages.search import list_messages
from .ring_buffer import BufferedMessage

SKEW_SECONDS = 5.0
MAX_PAGES = 20


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Messages older than the ring, newest first, and the cursor for the next page."""

    messages: tuple[BufferedMessage, ...]
    after: str | None

    @property
    def is_all(self) -> bool:
        """Whether no older message is recorded."""
        return self.after is None


def read_history(
    database: Database,
    match: MessageMatch,
    *,
    namespace: str | None,
    destination: str,
    before: float,
    known: Callable[[str], bool],
    after: str | None = None,
    limit: int = 200,
) -> HistoryPage:
    """Up to `limit` messages on `destination`, sent before `before` (seconds since the epoch), not `known`.

    Clocks of hosts differ: messages sent up to five seconds later are read as well.
    """
    until = datetime.fromtimestamp(before + SKEW_SECONDS, UTC)
    wanted = MessageFilter(namespace=namespace, until=until, destination=destination, or_no_namespace=True)
    found: list[BufferedMessage] = []
    for _ in range(MAX_PAGES):
        page = list_messages(database, wanted, match, after, limit)
        new = [item.message_id for item in page.items if not known(item.message_id)]
        with database.read() as connection:
            found.extend(map(_buffered, messages.with_content(connection, new)))
        after = page.next
        if after is None or found:
            break
    return HistoryPage(tuple(found), after)


def _buffered(message: MessageRecord) -> BufferedMessage:
    content = message.content
    body = content if isinstance(content, str) else json.dumps(content)
    return BufferedMessage(0, message.sent_at.timestamp(), stored_metadata(message), message.message_id, body)


class History:
    """The messages right before the ring's first one; invalid once the ring starts with another message.

    Not thread-safe: the caller holds the buffer's lock.
    """

    def __init__(self) -> None:
        self.after: str | None = None
        self._rows: list[BufferedMessage] = []
        self._known: dict[str, BufferedMessage] = {}
        self._started = False
        self._first = 0

    def fits(self, first: int) -> bool:
        """Whether this was read, and for a ring that starts with message `first`."""
        return self._started and self._first == first

    def count(self, first: int) -> int:
        """The number of messages for that ring."""
        return len(self._rows) if self.fits(first) else 0

    def is_all(self, first: int) -> bool:
        """Whether no message older than these is recorded."""
        return self.fits(first) and self.after is None

    def ids(self, first: int) -> set[str]:
        """The ids of the messages for that ring."""
        return set(self._known) if self.fits(first) else set()

    def get(self, number: int, first: int) -> BufferedMessage | None:
        """The message of that number (below 0)."""
        return self._rows[-number - 1] if -number <= self.count(first) else None

    def number_of(self, identity: str, first: int) -> int | None:
        """The number of the message of that id."""
        found = self._known.get(identity) if self.fits(first) else None
        return found.number if found else None

    def put(self, found: HistoryPage, first: int) -> None:
        """Add the next page."""
        if not self.fits(first):
            self.clear()
        self._started, self._first, self.after = True, first, found.after
        self._rows.extend(found.messages)
        self._known.update((message.id, message) for message in found.messages)
        self._number()

    def remove(self, identity: str) -> None:
        """Remove a message that has arrived and is in the ring now."""
        if self._known.pop(identity, None) is not None:
            self._rows = [each for each in self._rows if each.id != identity]
            self._number()

    def clear(self) -> None:
        """Drop all messages."""
        self._started, self._rows, self._known, self.after = False, [], {}, None

    def _number(self) -> None:
        for index, message in enumerate(self._rows):
            message.number = -index - 1
