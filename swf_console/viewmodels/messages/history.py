"""What lies behind the ring: recorded messages, read backwards in time, without those that the ring has."""

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
    """Some messages behind the ring, the newest first, and the cursor for those before them."""

    messages: tuple[BufferedMessage, ...]
    after: str | None

    @property
    def is_all(self) -> bool:
        """Whether there is nothing before."""
        return self.after is None


def read_history(
    database: Database,
    match: MessageMatch,
    *,
    namespace: str | None,
    before: float,
    known: Callable[[str], bool],
    after: str | None = None,
    limit: int = 200,
) -> HistoryPage:
    """Read up to `limit` recorded messages sent before `before` (seconds), that are not `known` by their id.

    Clocks differ a little: what was sent up to five seconds later is read as well.
    """
    until = datetime.fromtimestamp(before + SKEW_SECONDS, UTC)
    wanted = MessageFilter(namespace=namespace, until=until)
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
    """What stands right behind the ring; nothing any more once the ring's first message is another one.

    Not thread-safe: its owner holds the ring's lock.
    """

    def __init__(self) -> None:
        self.after: str | None = None
        self._rows: list[BufferedMessage] = []
        self._known: dict[str, BufferedMessage] = {}
        self._started = False
        self._first = 0

    def fits(self, first: int) -> bool:
        """Whether this has been read, and stands behind a ring that begins with message `first`."""
        return self._started and self._first == first

    def count(self, first: int) -> int:
        """How many there are behind that ring."""
        return len(self._rows) if self.fits(first) else 0

    def is_all(self, first: int) -> bool:
        """Whether nothing is recorded behind these."""
        return self.fits(first) and self.after is None

    def ids(self, first: int) -> set[str]:
        """The ids of all there are behind that ring."""
        return set(self._known) if self.fits(first) else set()

    def get(self, number: int, first: int) -> BufferedMessage | None:
        """The message of that number, below zero."""
        return self._rows[-number - 1] if -number <= self.count(first) else None

    def number_of(self, identity: str, first: int) -> int | None:
        """The number of the message of that id."""
        found = self._known.get(identity) if self.fits(first) else None
        return found.number if found else None

    def put(self, found: HistoryPage, first: int) -> None:
        """Add what was read on."""
        if not self.fits(first):
            self.clear()
        self._started, self._first, self.after = True, first, found.after
        self._rows.extend(found.messages)
        self._known.update((message.id, message) for message in found.messages)
        self._number()

    def remove(self, identity: str) -> None:
        """That message has come through the ring: it stands there."""
        if self._known.pop(identity, None) is not None:
            self._rows = [each for each in self._rows if each.id != identity]
            self._number()

    def clear(self) -> None:
        """Forget all of it."""
        self._started, self._rows, self._known, self.after = False, [], {}, None

    def _number(self) -> None:
        for index, message in enumerate(self._rows):
            message.number = -index - 1
