"""The messages of a ring that pass a filter: decided at arrival, and for older ones in slices."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from ...backend.messaging.message import MessageMetadata
from .ring_buffer import NOTE, BufferedMessage, RingBuffer

SLICE = 250
MAX_DECIDED = 5000
Accept = Callable[[BufferedMessage], bool]


class FilteredIndex:
    """The numbers of the messages that pass, in order of arrival. The caller holds the buffer's lock.

    Messages from `boundary` on are decided when they arrive; older ones backwards, slice by slice. With
    `by_metadata` the filter needs metadata only, and each distinct metadata is decided once.
    """

    def __init__(self, ring: RingBuffer, accept: Accept | None, *, by_metadata: bool = False) -> None:
        self._ring, self._accept = ring, accept
        self._older, self._newer = array("Q"), array("Q")
        self._unread = self.boundary = ring.next
        self._decided: dict[MessageMetadata, bool] | None = {} if by_metadata else None

    @property
    def complete(self) -> bool:
        """Whether the whole ring has been checked."""
        return self._accept is None or self._unread <= self._ring.first

    @property
    def checked(self) -> int:
        """How many messages of the ring have been checked."""
        return self._ring.next - max(self._unread, self._ring.first)

    def arrived(self, number: int, metadata: MessageMetadata) -> bool:
        """Decide about a new message, which the ring already has."""
        if self._accept is None:
            return True
        if not self._passes(number, metadata):
            return False
        self._newer.append(number)
        if len(self._newer) > len(self._ring) + self._ring.capacity // 4:
            del self._newer[: self._gone()]
        return True

    def index_older(self) -> bool:
        """Decide about one more slice of older messages; returns False if none is left."""
        if self.complete:
            return False
        first = max(self._ring.first, self._unread - SLICE)
        for number in range(self._unread - 1, first - 1, -1):
            if self._passes(number, self._ring.metadata_of(number)):
                self._older.append(number)
        self._unread = first
        if self.complete:
            self._newer = array("Q", reversed(self._older)) + self._newer
            self._older = array("Q")
        return not self.complete

    def __len__(self) -> int:
        if self._accept is None:
            return len(self._ring)
        return self._older_count() + len(self._newer) - self._gone()

    def at(self, position: int) -> int:
        """The number of the message at `position`, counted from the oldest that passes."""
        if self._accept is None:
            return self._ring.first + position
        older = self._older_count()
        if position < older:
            return self._older[older - 1 - position]
        return self._newer[self._gone() + position - older]

    def position(self, number: int) -> int:
        """The number of passing messages before `number`."""
        if self._accept is None:
            return min(max(number, self._ring.first), self._ring.next) - self._ring.first
        older = self._older_count()
        if number < self.boundary and self._older:
            return older - bisect_right(self._older, -number, 0, older, key=lambda each: -each)
        return older + max(0, bisect_left(self._newer, number) - self._gone())

    def _passes(self, number: int, metadata: MessageMetadata) -> bool:
        if self._decided is None:
            return metadata is NOTE or self._accepts(number)
        decided = self._decided.get(metadata)
        if decided is None:
            if len(self._decided) >= MAX_DECIDED:
                self._decided.clear()
            decided = self._decided[metadata] = metadata is NOTE or self._accepts(number)
        return decided

    def _accepts(self, number: int) -> bool:
        message = self._ring.get(number)
        return message is not None and (self._accept is None or self._accept(message))

    def _older_count(self) -> int:
        """How many of the older ones are still in the ring; they are stored newest first."""
        return bisect_right(self._older, -self._ring.first, key=lambda each: -each)

    def _gone(self) -> int:
        """How many of the newer ones have left the ring; `arrived` deletes them when they are many."""
        if not self._newer or self._newer[0] >= self._ring.first:
            return 0
        return bisect_left(self._newer, self._ring.first)
