"""What waits to be written: groups, written together or not at all, and batches of one commit each."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from .journal_file import JournalRow, Operations
from .message import StoreEntry


class Sender(Protocol):
    """The connection that waits for a commit."""

    batch: "Batch | None"

    def write(self, data: bytes) -> None: ...
    def fail(self, reason: str) -> None: ...
    def pause_reading(self, paused: bool) -> None: ...


class Owner(Protocol):
    """A store as the journal knows it. `taken`: sequences that its pages must leave out."""

    number: int
    taken: set[int]

    def committed(self, upto: int) -> None: ...
    def undo_put(self, put: "PendingPut") -> None: ...
    def undo_remove(self, entry: StoreEntry) -> None: ...


class PendingPut(NamedTuple):
    """A message that a store has accepted; `entry` is None where only the journal will have it."""

    owner: Owner
    sequence: int
    size: int
    entry: StoreEntry | None


class WriteGroup:
    """What one SEND or one COMMIT does to the stores, written together or not at all.

    `then` is called with True once it is written, with False where it cannot be; then every store has
    already undone its part.
    """

    __slots__ = ("deletes", "puts", "removed", "rows", "sender", "size", "then")

    def __init__(self, sender: Sender | None) -> None:
        self.sender = sender
        self.rows: list[JournalRow] = []
        self.deletes: list[int] = []
        self.puts: list[PendingPut] = []
        self.removed: list[tuple[Owner, StoreEntry]] = []
        self.then: list[Callable[[bool], None]] = []
        self.size = 0

    def undo(self) -> None:
        """Bring the stores back to where they were."""
        for put in reversed(self.puts):
            put.owner.undo_put(put)
        for owner, entry in reversed(self.removed):
            owner.undo_remove(entry)
        self.end(False)

    def end(self, written: bool) -> None:
        """Call those that wait for the outcome."""
        for call in self.then:
            call(written)


class Batch:
    """Everything of one commit, and which clients are sent what after it.

    `other` is never refused: it is written again and again until the disk takes it. `decided`: up to which
    sequence a store's messages are written, or undone, after this commit.
    """

    __slots__ = (
        "closing",
        "decided",
        "done",
        "groups",
        "other",
        "receipts",
        "size",
        "untaken",
    )

    def __init__(self) -> None:
        self.groups: list[WriteGroup] = []
        self.other = Operations()
        self.decided: dict[Owner, int] = {}
        self.untaken: list[tuple[Owner, int]] = []
        self.receipts: list[tuple[Sender, bytes]] = []
        self.closing: list[Callable[[], None]] = []
        self.size = 0
        self.done = False

    def any(self) -> bool:
        """True where there is something to write."""
        return self.other.any() or any(group.rows or group.deletes for group in self.groups)
