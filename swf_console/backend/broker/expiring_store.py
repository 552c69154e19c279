"""A store that removes messages whose time to live is over, in memory and on disk."""

from time import time
from typing import Generic

from .journal_file import SEQUENCES, JournalRow
from .message import LATEST, StoreEntry
from .store import AnyConsumer, Store


class ExpiringStore(Store[AnyConsumer], Generic[AnyConsumer]):
    """Expired messages are deleted; persistent ones go to the dead-letter queue."""

    def sweep(self) -> None:
        """Remove what has expired in memory, and retry what the dead-letter queue did not accept."""
        waiting, self.undeliverable = self.undeliverable, []
        for entry, cause in waiting:
            self.in_flight += 1
            self._give_up(entry, cause, None)
        if self._earliest_expiry > time() * 1000:
            return
        self._earliest_expiry = LATEST
        remaining: list[StoreEntry] = []
        expired: list[StoreEntry] = []
        for entry in self.ready:
            message = entry.message
            over = entry.sequence <= self._decided_to and message.expired()
            (expired if over else remaining).append(entry)
            if not over and 0 < message.expires < self._earliest_expiry:
                self._earliest_expiry = message.expires
        self.ready = remaining
        for entry in expired:
            self.in_flight += 1
            self._expire(entry)
        if self.spilled:
            self.dispatch()

    def expire_row(self, row: JournalRow) -> bool:
        """Remove an expired message that is only in the journal; False if the dead-letter queue is full.

        While a page is being read nothing is removed, for the page may contain the row.
        """
        sequence = row.id & SEQUENCES
        if self._loading or sequence <= self._loaded_to or sequence in self.taken or not self.spilled:
            return True
        entry = self._entry(row)
        if self.context.dead_letter_refused(self, entry.message):
            return False
        self.spilled -= 1
        self.taken.add(sequence)
        self._hold(entry)
        self.in_flight += 1
        self._expire(entry)
        return True
