"""A ring buffer of messages: bounded in number and in bytes, numbered without gaps."""

import json
import zlib
from array import array
from collections import deque
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

from ...backend.messaging.message import MessageMetadata, is_canonical_uuid

CAPACITY = 50_000
MAX_BYTES = 40_000_000
ID_BYTES = 16
NO_ID = bytes(ID_BYTES)
CHUNK = 512
FASTEST_LEVEL = 1
# every body is returned unchanged, lone surrogates included
BODY_ENCODING = ("utf-8", "surrogatepass")


NOTE = MessageMetadata("note")


class BufferedMessage:
    """A message of the buffer; its content is parsed on first use.

    Messages of history have numbers below 0. A note is a line of the console between messages.
    """

    id: str
    body: str

    def __init__(self, number: int, at: float, metadata: MessageMetadata, identity: str, body: str) -> None:
        self.number, self.seconds, self.metadata, self.id, self.body = number, at, metadata, identity, body

    @property
    def is_note(self) -> bool:
        """Whether this is a line of the console."""
        return self.metadata is NOTE

    @property
    def at(self) -> datetime:
        """When it arrived, or was sent; UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)

    @property
    def destination(self) -> str:
        return self.metadata.destination

    @property
    def msg_type(self) -> str | None:
        return self.metadata.msg_type

    @property
    def namespace(self) -> str | None:
        return self.metadata.namespace

    @property
    def execution_id(self) -> str | None:
        return self.metadata.execution_id

    @property
    def run_id(self) -> str | None:
        return self.metadata.run_id

    @property
    def sender(self) -> str | None:
        return self.metadata.sender

    @cached_property
    def content(self) -> Any:
        """The body as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class ChunkedMessage(BufferedMessage):
    """A message of the ring: its id and body are read from its chunk on first use."""

    def __init__(self, number: int, at: float, metadata: MessageMetadata, chunk: "Chunk", index: int) -> None:
        self.number, self.seconds, self.metadata = number, at, metadata
        self._chunk, self._index = chunk, index

    @cached_property
    def id(self) -> str:  # type: ignore[override]
        """What it is known by."""
        return self._chunk.id_of(self._index)

    @cached_property
    def body(self) -> str:  # type: ignore[override]
        """Its text."""
        return self._chunk.body_of(self._index)


class Chunk:
    """CHUNK messages as columns, without an object for each message.

    So the garbage collector has nothing to traverse. Bodies are one byte string, compressed once the chunk is
    full: they are much alike.
    """

    __slots__ = ("_at", "_bodies", "_ends", "_ids", "_metadata", "_odd_ids", "_packed")

    def __init__(self) -> None:
        self._at = array("d")
        self._metadata: list[MessageMetadata] = []
        self._ids = bytearray()
        self._odd_ids: dict[int, str] = {}
        self._ends = array("Q", [0])
        self._bodies = bytearray()
        self._packed = b""

    def __len__(self) -> int:
        return len(self._metadata)

    def append(self, at: float, metadata: MessageMetadata, identity: str, body: str) -> int:
        """Add a message; returns the size of its body in bytes."""
        short, known = packed(identity), self._metadata
        if short is None:
            self._odd_ids[len(known)] = identity
        self._ids += short or NO_ID
        self._at.append(at)
        known.append(metadata)
        text = body.encode(*BODY_ENCODING)
        self._bodies += text
        self._ends.append(len(self._bodies))
        if len(known) == CHUNK:
            self._packed, self._bodies = zlib.compress(self._bodies, FASTEST_LEVEL), bytearray()
        return len(text)

    def get(self, index: int, number: int) -> BufferedMessage:
        """The message at that index."""
        return ChunkedMessage(number, self._at[index], self._metadata[index], self, index)

    def metadata_of(self, index: int) -> MessageMetadata:
        """Its metadata."""
        return self._metadata[index]

    def body_of(self, index: int) -> str:
        """Its body."""
        bodies = unpacked_bodies(self._packed) if self._packed else self._bodies
        return bodies[self._ends[index] : self._ends[index + 1]].decode(*BODY_ENCODING)

    def id_of(self, index: int) -> str:
        """Its id."""
        odd = self._odd_ids.get(index)
        return unpacked(self._ids[index * ID_BYTES : (index + 1) * ID_BYTES]) if odd is None else odd

    def time_of(self, index: int) -> float:
        """When it arrived."""
        return self._at[index]

    def size(self, first: int, last: int) -> int:
        """The bytes of the bodies from `first` to before `last`."""
        return self._ends[last] - self._ends[first]


class RingBuffer:
    """Messages numbered from 0; the oldest are dropped when there are too many or too many bytes.

    Not thread-safe: the caller holds the buffer's lock.
    """

    def __init__(self, capacity: int = CAPACITY, max_bytes: int = MAX_BYTES) -> None:
        self.capacity, self.max_bytes = capacity, max_bytes
        self.first = self.next = self.bytes = 0
        self._chunks: deque[Chunk] = deque()
        self._holding = False

    def __len__(self) -> int:
        return self.next - self.first

    def hold(self) -> None:
        """Keep messages that would be dropped, up to twice the limits."""
        self._holding = True

    def release(self) -> None:
        """Drop what was held."""
        self._holding = False
        self._make_room()

    def append(self, at: float, metadata: MessageMetadata, identity: str, body: str) -> int:
        """Add a message; returns its number."""
        number = self.next
        if number % CHUNK == 0:
            self._chunks.append(Chunk())
        self.bytes += self._chunks[-1].append(at, metadata, identity, body)
        self.next += 1
        self._make_room()
        return number

    def get(self, number: int) -> BufferedMessage | None:
        """The message of that number, or None if it is not in the ring."""
        if not self.first <= number < self.next:
            return None
        return self._chunk(number).get(number % CHUNK, number)

    def time_of(self, number: int) -> float:
        """When that message, which must be there, arrived: seconds since the epoch."""
        return self._chunk(number).time_of(number % CHUNK)

    def metadata_of(self, number: int) -> MessageMetadata:
        """The metadata of that message, which must be there."""
        return self._chunk(number).metadata_of(number % CHUNK)

    def id_of(self, number: int) -> str:
        """The id of that message, which must be there."""
        return self._chunk(number).id_of(number % CHUNK)

    def _chunk(self, number: int) -> Chunk:
        return self._chunks[number // CHUNK - self.first // CHUNK]

    def _make_room(self) -> None:
        # held messages are dropped together: in between, the first message stays and history fits to it
        times = 2 if self._holding else 1
        if self.next - self.first > times * self.capacity:
            self._drop(self.next - self.capacity)
        if self.bytes > times * self.max_bytes:
            while self.bytes > self.max_bytes and len(self) > 1:
                self._drop(self.first + 1)

    def _drop(self, before: int) -> None:
        """Drop every message before that number."""
        while self.first < before:
            index = self.first % CHUNK
            last = min(CHUNK, index + before - self.first)
            self.bytes -= self._chunks[0].size(index, last)
            self.first += last - index
            if last == CHUNK:
                self._chunks.popleft()


@lru_cache(maxsize=8)
def unpacked_bodies(packed: bytes) -> bytes:
    """The bodies of a full chunk; cached, as readers read neighbouring messages."""
    return zlib.decompress(packed)


def packed(identity: str) -> bytes | None:
    """An id in 16 bytes if it is a UUID in canonical form, else None."""
    return bytes.fromhex(identity.replace("-", "")) if is_canonical_uuid(identity) else None


def unpacked(identity: bytes | bytearray) -> str:
    """The UUID of 16 bytes, in canonical form."""
    text = identity.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
