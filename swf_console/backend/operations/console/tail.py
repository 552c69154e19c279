"""The live tail: a topic's messages in a ring, through a filter that can change, with the database behind."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ...database import Database
from ..message_filter import MessageMatch, compile_filter
from ..tailing import EPICTOPIC, check_topic
from .history import Behind, read_behind
from .rates import Rates
from .ring import CAPACITY, NOTE, Kept, Ring, Stamp
from .stamping import Stamper
from .view import View

MOST_TYPES = 200
OTHERS = "(others)"
NEAR_SECONDS = 10.0
NEAR_MESSAGES = 20_000
BETWEEN_SLICES = 0.001
AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class TailNumbers:
    """Counters at one moment. `rate` is that of the namespace looked at, `elsewhere` that of all others."""

    total: int
    kept: int
    shown: int
    gone: int
    rate: float
    elsewhere: float
    last_at: float | None
    complete: bool


class Tail:
    """What is on a topic, kept for reading. Every method may be called from any thread, and returns soon.

    Rows are known by their number: from 0 in order of arrival, below 0 for recorded messages behind the ring.
    A position counts the rows that pass the filter, from the oldest one that can be read.
    """

    def __init__(
        self,
        namespace: str | None = None,
        topic: str = EPICTOPIC,
        capacity: int = CAPACITY,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.topic = check_topic(topic)
        self.filter_text = ""
        self.everywhere = namespace is None
        self.version = 0
        self._namespace, self._now = namespace, now
        self._lock = threading.Lock()
        self._match = MessageMatch()
        self._ring = Ring(capacity)
        self._stamper = Stamper()
        self._types: Counter[str] = Counter()
        self._own, self._others = Rates(), Rates()
        self._last_at: float | None = None
        self._behind: list[Kept] = []
        self._behind_first = 0
        self._behind_after: str | None = None
        self._behind_known: set[str] = set()
        self._view = self._new_view()

    # what comes in

    def take(self, frames: Iterable[tuple[Mapping[str, str], str]]) -> None:
        """Add messages as they came: headers and body."""
        at = self._now()
        stamped = [(*self._stamper.stamp(headers, body), body) for headers, body in frames]
        for first in range(0, len(stamped), AT_ONCE):
            self._take_some(at, stamped[first : first + AT_ONCE])

    def _take_some(self, at: float, stamped: list[tuple[Stamp, str, str]]) -> None:
        # few at once: whoever paints waits for the lock no longer than for these
        with self._lock:
            for stamp, identity, body in stamped:
                number = self._ring.append(at, stamp, identity, body)
                own = self._namespace is None or stamp.namespace == self._namespace
                (self._own if own else self._others).add(int(at))
                if own:
                    self._count(stamp.msg_type)
                self._take_up(number, Kept(number, at, stamp, identity, body))
            self._last_at = at
            self.version += 1

    def note(self, text: str) -> None:
        """Add a line of our own, which every filter lets through."""
        with self._lock:
            at = self._now()
            number = self._ring.append(at, NOTE, "", text)
            self._view.arrived(number, Kept(number, at, NOTE, "", text))
            self.version += 1

    # what is looked for

    def set_filter(self, text: str) -> None:
        """Show what passes; raises UsageError. What is in the ring already follows, the newest first."""
        match = compile_filter(text)
        self._look_anew(match, text, self._namespace, self.everywhere)

    def set_namespace(self, namespace: str | None, *, everywhere: bool | None = None) -> None:
        """Look at one namespace, or `everywhere`; None is everywhere."""
        wide = namespace is None or (self.everywhere if everywhere is None else everywhere)
        if namespace != self._namespace:
            with self._lock:
                self._types.clear()
                self._own, self._others = Rates(), Rates()
        self._look_anew(self._match, self.filter_text, namespace, wide)

    @property
    def namespace(self) -> str | None:
        """The namespace that is looked at; None where all are."""
        return None if self.everywhere else self._namespace

    def hold(self) -> None:
        """Somebody reads what is not the newest: keep it for him."""
        with self._lock:
            self._ring.hold()

    def release(self) -> None:
        """Nobody does any more."""
        with self._lock:
            self._ring.release()
            self.version += 1

    # what can be read

    def __len__(self) -> int:
        with self._lock:
            return self._length()

    def window(self, first: int, count: int) -> list[Kept]:
        """Up to `count` rows from position `first` on."""
        with self._lock:
            last = min(first + count, self._length())
            rows = (self._row(self._number(each)) for each in range(max(0, first), last))
            return [row for row in rows if row is not None]

    def number(self, position: int) -> int | None:
        """The number of the row at `position`, or None where there is none."""
        with self._lock:
            return self._number(position) if 0 <= position < self._length() else None

    def position(self, number: int) -> int:
        """Where the row of that number stands, or would stand."""
        with self._lock:
            behind = self._behind_count()
            return max(0, behind + number) if number < 0 else behind + self._view.position(number)

    def row(self, number: int) -> Kept | None:
        """One row."""
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

    def numbers(self) -> TailNumbers:
        """The counters now."""
        now = int(self._now())
        with self._lock:
            own, others = self._own.per_second(now), self._others.per_second(now)
            ring = self._ring
            return TailNumbers(
                total=ring.next,
                kept=len(ring),
                shown=len(self._view),
                gone=ring.first,
                rate=own,
                elsewhere=others,
                last_at=self._last_at,
                complete=self._view.complete,
            )

    def rates(self, seconds: int = 60) -> list[int]:
        """Messages of the namespace in each of the last seconds, the oldest first."""
        with self._lock:
            return self._own.last(seconds, int(self._now()))

    def types(self) -> list[tuple[str, int]]:
        """Types of the namespace's messages and how many came, the most frequent first."""
        with self._lock:
            return self._types.most_common()

    # behind the ring

    @property
    def ends(self) -> bool:
        """Whether there is nothing older than what can be read now."""
        with self._lock:
            return self._behind_fits() and self._behind_after is None

    def read_on(self, database: Database, limit: int = 200) -> int:
        """Read older messages from the database, behind what can be read now; returns how many. Blocks."""
        with self._lock:
            view, first = self._view, self._ring.first
            if self._behind_fits() and self._behind_after is None:
                return 0
            after = self._behind_after if self._behind_fits() else None
            before = self._ring.time_of(first) if len(self._ring) else self._now()
            known = self._known_near(before) | (self._behind_known if after else set())
            match, namespace = self._match, self.namespace
        found = read_behind(
            database,
            match,
            namespace=namespace,
            before=before,
            known=known.__contains__,
            after=after,
            limit=limit,
        )
        with self._lock:
            if view is not self._view or first != self._ring.first:
                return 0
            self._put_behind(found, first, anew=after is None)
            return len(found.messages)

    # inside

    def _look_anew(self, match: MessageMatch, text: str, namespace: str | None, everywhere: bool) -> None:
        with self._lock:
            self._match, self.filter_text = match, text
            self._namespace, self.everywhere = namespace, everywhere
            self._view = view = self._new_view()
            self._drop_behind()
            self.version += 1
        threading.Thread(target=self._look_back, args=(view,), name="tail filter", daemon=True).start()

    def _look_back(self, view: View) -> None:
        pause = threading.Event()
        more = True
        while more and view is self._view:
            with self._lock:
                more = view.look_back()
                self.version += 1
            pause.wait(BETWEEN_SLICES)

    def _new_view(self) -> View:
        match, namespace = self._match, self.namespace
        if namespace is None:
            return View(self._ring, match if match.terms else None)
        return View(self._ring, lambda message: message.namespace == namespace and match(message))

    def _count(self, kind: str | None) -> None:
        name = kind or "-"
        if name not in self._types and len(self._types) >= MOST_TYPES:
            name = OTHERS
        self._types[name] += 1

    def _take_up(self, number: int, message: Kept) -> None:
        self._view.arrived(number, message)
        if message.id in self._behind_known:
            self._behind = [each for each in self._behind if each.id != message.id]
            self._renumber()

    def _length(self) -> int:
        return self._behind_count() + len(self._view)

    def _number(self, position: int) -> int:
        behind = self._behind_count()
        return position - behind if position < behind else self._view.at(position - behind)

    def _row(self, number: int) -> Kept | None:
        if number >= 0:
            return self._ring.get(number)
        return self._behind[-number - 1] if -number <= self._behind_count() else None

    def _behind_fits(self) -> bool:
        """Whether what was read stands right behind the ring: nothing has gone from it since."""
        return self._behind_first == self._ring.first and bool(self._behind or self._behind_known)

    def _behind_count(self) -> int:
        return len(self._behind) if self._behind_first == self._ring.first else 0

    def _known_near(self, before: float) -> set[str]:
        known: set[str] = set()
        for number in range(self._ring.first, min(self._ring.next, self._ring.first + NEAR_MESSAGES)):
            message = self._ring.get(number)
            if message is None or message.seconds > before + NEAR_SECONDS:
                break
            known.add(message.id)
        return known

    def _put_behind(self, found: Behind, first: int, *, anew: bool) -> None:
        if anew:
            self._behind, self._behind_known = [], {""}
        self._behind_first, self._behind_after = first, found.after
        self._behind.extend(found.messages)
        self._behind_known.update(message.id for message in found.messages)
        self._renumber()
        self.version += 1

    def _renumber(self) -> None:
        for index, message in enumerate(self._behind):
            message.number = -index - 1

    def _drop_behind(self) -> None:
        self._behind, self._behind_known, self._behind_after = [], set(), None
