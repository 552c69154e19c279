"""The live tail: a topic's messages in a ring buffer, a filter over them, and history from the database."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from ...backend.core.destinations import EPICTOPIC
from ...backend.database import Database
from ...backend.messaging.message import MessageMetadata
from ...backend.services.messages.filter import MessageMatch, compile_filter
from ...backend.services.messages.follow import check_topic
from ..ui_priority import UiPriority
from .decode import FrameDecoder
from .history import SKEW_SECONDS, History, read_history
from .index import FilteredIndex
from .rates import Rates
from .ring_buffer import CAPACITY, NOTE, BufferedMessage, RingBuffer

# a program may send any type: further ones are counted together
MAX_TYPES = 200
MAX_NAMESPACES = 1000
OTHERS = "(others)"
# messages whose ids are copied under one lock
NEAR_SLICE = 500
BETWEEN_SLICES = 0.001
BATCH = 40
FIRST_ROWS = 100
FIRST_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class BufferCounters:
    """Counters at one time. `rate` is that of the shown namespace, `other_rate` that of all others.

    `hidden` counts the messages of other namespaces since the start, if they are not shown.
    """

    total: int
    buffered: int
    shown: int
    dropped: int
    rate: float
    other_rate: float
    last_at: float | None
    complete: bool
    hidden: int = 0


class MessageBuffer:
    """The newest messages of a topic. Thread-safe; no method but `load_history` blocks for long.

    Rows have numbers: from 0 in order of arrival, below 0 for history before the ring's first message.
    A position counts the rows that pass the filter, from the oldest one that can be read.
    `_lock` guards ring, index, history and counters: the receiving thread and the painting thread share them.
    """

    def __init__(
        self,
        namespace: str | None = None,
        topic: str = EPICTOPIC,
        capacity: int = CAPACITY,
        now: Callable[[], float] = time.time,
        *,
        ui_priority: UiPriority | None = None,
    ) -> None:
        self.topic = check_topic(topic)
        self.filter_text = ""
        self.everywhere = namespace is None
        self.version = self.passed = 0
        self._namespace, self._now = namespace, now
        self._yield_to_ui = (ui_priority or UiPriority()).yielder()
        self._lock = threading.Lock()
        self._match = MessageMatch()
        self._ring = RingBuffer(capacity)
        self._decoder = FrameDecoder()
        self._types: Counter[str] = Counter()
        self._namespaces: Counter[str | None] = Counter()
        self._own, self._others = Rates(), Rates()
        self._last_at: float | None = None
        self._history = History()
        self._index = self._new_index()

    # arrival

    def take(self, frames: Iterable[tuple[Mapping[str, str], str]]) -> None:
        """Add messages: headers and body."""
        at = self._now()
        left = iter(frames)
        while some := list(islice(left, BATCH)):
            self._yield_to_ui()
            self._take_batch(at, [(*self._decoder.decode(headers, body), body) for headers, body in some])

    def _take_batch(self, at: float, decoded: list[tuple[MessageMetadata, str, str]]) -> None:
        # small batches: the painting thread waits for the lock as long as one of them takes
        with self._lock:
            for metadata, identity, body in decoded:
                self._index_new(self._ring.append(at, metadata, identity, body), metadata, identity)
            for metadata, count in Counter(metadata for metadata, _, _ in decoded).items():
                own = self._namespace is None or metadata.namespace in (self._namespace, None)
                self._count_namespace(metadata.namespace, count)
                (self._own if own else self._others).add(int(at), count)
                if own:
                    self._count(metadata.msg_type, count)
            self._last_at = at
            self.version += 1

    def note(self, text: str) -> None:
        """Add a note of the console, which passes every filter."""
        with self._lock:
            self._index_new(self._ring.append(self._now(), NOTE, "", text), NOTE, "")
            self.version += 1

    # filter and namespace

    def set_filter(self, text: str) -> None:
        """Change the filter; raises UsageError. The ring is searched in the background, newest first."""
        match = compile_filter(text)
        self._filter_again(match, text, self._namespace, self.everywhere)

    def set_namespace(self, namespace: str | None, *, everywhere: bool | None = None) -> None:
        """Show one namespace, or all with `everywhere`; None shows all."""
        # without a namespace, `everywhere` was the only possibility and not the user's choice
        chosen = self.everywhere and self._namespace is not None
        wide = namespace is None or (chosen if everywhere is None else everywhere)
        if namespace != self._namespace:
            with self._lock:
                self._types.clear()
                self._own, self._others = Rates(), Rates()
        self._filter_again(self._match, self.filter_text, namespace, wide)

    @property
    def namespace(self) -> str | None:
        """The namespace that is shown; None for all."""
        return None if self.everywhere else self._namespace

    def hold(self) -> None:
        """Keep messages that would leave the ring: a reader is not at the newest one."""
        with self._lock:
            self._ring.hold()

    def release(self) -> None:
        """The reader follows the newest message again."""
        with self._lock:
            self._ring.release()
            self.version += 1

    # reading

    def __len__(self) -> int:
        with self._lock:
            return self._length()

    def window(self, first: int, count: int) -> list[BufferedMessage]:
        """Up to `count` rows from position `first` on."""
        with self._lock:
            last = min(first + count, self._length())
            rows = (self._row(self._number(each)) for each in range(max(0, first), last))
            return [row for row in rows if row is not None]

    def number(self, position: int) -> int | None:
        """The number of the row at `position`, or None."""
        with self._lock:
            return self._number(position) if 0 <= position < self._length() else None

    def position(self, number: int) -> int:
        """The position of the row of that number, or where it would be."""
        with self._lock:
            older = self._history_count()
            return max(0, older + number) if number < 0 else older + self._index.position(number)

    def row(self, number: int) -> BufferedMessage | None:
        """The row of that number, or None if it has left the buffer."""
        with self._lock:
            return self._row(number)

    def position_at(self, moment: float) -> int:
        """The position of the first row that is not before `moment` (seconds since the epoch)."""
        with self._lock:
            low, high = 0, self._length()
            while low < high:
                middle = (low + high) // 2
                row = self._row(self._number(middle))
                low, high = (middle + 1, high) if row is not None and row.seconds < moment else (low, middle)
            return low

    def position_of(self, message: BufferedMessage) -> int:
        """The position of that message, in the ring or in history; else of the first row of its time."""
        with self._lock:
            number = self._history.number_of(message.id, self._ring.first)
        return self.position(number) if number is not None else self.position_at(message.seconds)

    def counters(self) -> BufferCounters:
        """The current counters."""
        now = int(self._now())
        with self._lock:
            own, others = self._own.per_second(now), self._others.per_second(now)
            ring = self._ring
            return BufferCounters(
                total=ring.next,
                buffered=len(ring),
                shown=len(self._index),
                dropped=ring.first,
                rate=own,
                other_rate=others,
                last_at=self._last_at,
                complete=self._index.complete,
                hidden=self._hidden(),
            )

    def rates(self, seconds: int = 60) -> list[int]:
        """Messages of the namespace in each of the last seconds, oldest first."""
        with self._lock:
            return self._own.last(seconds, int(self._now()))

    def types(self) -> list[tuple[str, int]]:
        """The namespace's message types and their counts, most frequent first."""
        with self._lock:
            return self._types.most_common()

    # history

    @property
    def ends(self) -> bool:
        """Whether no older message is recorded."""
        with self._lock:
            return self._history.is_all(self._ring.first)

    def load_history(self, database: Database, limit: int = 200) -> int:
        """Read older messages from the database; returns their number. Blocks."""
        with self._lock:
            index, first, history = self._index, self._ring.first, self._history
            if history.is_all(first):
                return 0
            after = history.after if history.fits(first) else None
            before = self._ring.time_of(first) if len(self._ring) else self._now()
            known, match, namespace = history.ids(first), self._match, self.namespace
        known |= self._ids_near(first, before + SKEW_SECONDS)
        found = read_history(
            database,
            match,
            namespace=namespace,
            destination=self.topic,
            before=before,
            known=known.__contains__,
            after=after,
            limit=limit,
        )
        with self._lock:
            if index is not self._index or first != self._ring.first:
                return 0
            self._history.put(found, first)
            self.version += 1
            return len(found.messages)

    # internal

    def _filter_again(self, match: MessageMatch, text: str, namespace: str | None, everywhere: bool) -> None:
        with self._lock:
            self._match, self.filter_text = match, text
            self._namespace, self.everywhere = namespace, everywhere
            self._index = index = self._new_index()
            self._history.clear()
            self.version += 1
        # the rows that fill the screen are searched before returning, so that a new filter does not blank it
        ends = time.monotonic() + FIRST_SECONDS
        while len(self) < FIRST_ROWS and time.monotonic() < ends and self._index_slice(index):
            pass
        threading.Thread(target=self._index_rest, args=(index,), name="tail filter", daemon=True).start()

    def _index_rest(self, index: FilteredIndex) -> None:
        pause = threading.Event()
        while self._index_slice(index):
            pause.wait(BETWEEN_SLICES)

    def _index_slice(self, index: FilteredIndex) -> bool:
        with self._lock:
            if index is not self._index:
                return False
            self.version += 1
            return index.index_older()

    def _new_index(self) -> FilteredIndex:
        match, namespace = self._match, self.namespace
        if namespace is None:
            return FilteredIndex(
                self._ring, match if match.terms else None, by_metadata=match.needs_metadata_only
            )
        return FilteredIndex(
            self._ring,
            # agents obey messages without a namespace: they are shown in every namespace, and marked
            lambda message: message.namespace in (namespace, None) and match(message),
            by_metadata=match.needs_metadata_only,
        )

    def _count(self, message_type: str | None, count: int) -> None:
        name = message_type or "-"
        if name not in self._types and len(self._types) >= MAX_TYPES:
            name = OTHERS
        self._types[name] += count

    def _count_namespace(self, namespace: str | None, count: int) -> None:
        if namespace not in self._namespaces and len(self._namespaces) >= MAX_NAMESPACES:
            namespace = OTHERS  # names come from outside: they must not fill the memory
        self._namespaces[namespace] += count

    def _hidden(self) -> int:
        if self.namespace is None:
            return 0
        shown = self._namespaces[self.namespace] + self._namespaces[None]
        return self._namespaces.total() - shown

    def _index_new(self, number: int, metadata: MessageMetadata, identity: str) -> None:
        self.passed += self._index.arrived(number, metadata)
        self._history.remove(identity)

    def _length(self) -> int:
        return self._history_count() + len(self._index)

    def _number(self, position: int) -> int:
        older = self._history_count()
        return position - older if position < older else self._index.at(position - older)

    def _row(self, number: int) -> BufferedMessage | None:
        return self._ring.get(number) if number >= 0 else self._history.get(number, self._ring.first)

    def _history_count(self) -> int:
        return self._history.count(self._ring.first)

    def _ids_near(self, first: int, until: float) -> set[str]:
        """The ids of the ring's messages up to that time: the database may have them too."""
        known: set[str] = set()
        while True:
            with self._lock:
                numbers = range(max(first, self._ring.first), min(self._ring.next, first + NEAR_SLICE))
                known.update(self._ring.id_of(number) for number in numbers)
                if not numbers or self._ring.time_of(numbers[-1]) > until:
                    return known
            first = numbers[-1] + 1
