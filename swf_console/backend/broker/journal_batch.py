"""Operations that wait for a commit: groups, written together or not at all, in batches."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from .journal_file import JournalRow, Operations
from .message import StoreEntry


class Sender(Protocol):
    """A connection whose frames wait for a commit."""

    batch: "Batch | None"

    def write(self, data: bytes) -> None: ...
    def fail(self, reason: str) -> None: ...
    def pause_reading(self, paused: bool) -> None: ...


class Owner(Protocol):
    """A store, for the journal. `taken`: sequences that reads of it skip."""

    number: int
    taken: set[int]

    def committed(self, upto: int) -> None: ...
    def undo_put(self, put: "PendingPut") -> None: ...
    def undo_remove(self, entry: StoreEntry) -> None: ...


class PendingPut(NamedTuple):
    """A message that a store has accepted; `entry` is None if it is only in the journal."""

    owner: Owner
    sequence: int
    size: int
    entry: StoreEntry | None


class WriteGroup:
    """The operations of one SEND or one COMMIT, written together or not at all.

    `then` is called with True after they are written, with False if they cannot be; the stores have undone
    their part by then.
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
        """Undo every operation in the stores."""
        for put in reversed(self.puts):
            put.owner.undo_put(put)
        for owner, entry in reversed(self.removed):
            owner.undo_remove(entry)
        self.end(False)

    def end(self, written: bool) -> None:
        """Call `then` with the outcome."""
        for call in self.then:
            call(written)


class Batch:
    """Everything of one commit, and the receipts that follow it.

    `other` is never refused: it is retried until it is written. `decided`: the sequence up to which the
    messages of a store are written or undone after this commit.
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
        """Whether there is something to write."""
        return self.other.any() or any(group.rows or group.deletes for group in self.groups)
