"""The latest messages, as they came: bounded in number and in bytes, numbered without a gap."""

import json
from array import array
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

CAPACITY = 50_000
MOST_BYTES = 64_000_000
ID_BYTES = 16


class Stamp(NamedTuple):
    """What many messages have in common; one object for all that agree."""

    destination: str
    msg_type: str | None
    namespace: str | None
    execution_id: str | None
    run_id: str | None
    sender: str | None


NOTE = Stamp("", None, None, None, None, None)


class Kept:
    """A message of the ring, as a filter and a reader see it; its body is read when it is asked for.

    Messages behind the ring have numbers below zero. A note is a line of our own between messages.
    """

    def __init__(self, number: int, at: float, stamp: Stamp, identity: str, body: str) -> None:
        self.number, self.seconds, self.stamp, self.id, self.body = number, at, stamp, identity, body

    @property
    def is_note(self) -> bool:
        """Whether this is a line of our own."""
        return self.stamp is NOTE

    @property
    def at(self) -> datetime:
        """When it arrived, or was sent; UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)

    @property
    def destination(self) -> str:
        return self.stamp.destination

    @property
    def msg_type(self) -> str | None:
        return self.stamp.msg_type

    @property
    def namespace(self) -> str | None:
        return self.stamp.namespace

    @property
    def execution_id(self) -> str | None:
        return self.stamp.execution_id

    @property
    def run_id(self) -> str | None:
        return self.stamp.run_id

    @property
    def sender(self) -> str | None:
        return self.stamp.sender

    @cached_property
    def content(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Ring:
    """Messages numbered from 0; the oldest go when there are too many, or too many bytes of them.

    It is no friend of threads: who has it holds a lock.
    """

    def __init__(self, capacity: int = CAPACITY, most_bytes: int = MOST_BYTES) -> None:
        self.capacity, self.most_bytes = capacity, most_bytes
        self.oldest = self.next = self.bytes = 0
        # columns, and no object for a message: nothing for the collector to walk through
        self._at = array("d", bytes(8 * capacity))
        self._stamps: list[Stamp] = [NOTE] * capacity
        self._ids = bytearray(ID_BYTES * capacity)
        self._odd_ids: dict[int, str] = {}
        self._bodies: list[str] = [""] * capacity
        self._held: list[Kept] = []
        self._holding = False

    def __len__(self) -> int:
        return self.next - self.first

    @property
    def first(self) -> int:
        """The number of the oldest message that can be read."""
        return self.oldest - len(self._held)

    def hold(self) -> None:
        """Keep what would go, for somebody who is reading it: as many again as the ring has room for."""
        self._holding = True

    def release(self) -> None:
        """Let go of what was held."""
        self._holding, self._held = False, []

    def append(self, at: float, stamp: Stamp, identity: str, body: str) -> int:
        """Add one and return its number."""
        number, place = self.next, self.next % self.capacity
        if number - self.oldest == self.capacity:
            self._drop()
        self._at[place], self._stamps[place], self._bodies[place] = at, stamp, body
        self._put_id(place, identity)
        self.next += 1
        self.bytes += len(body)
        while self.bytes > self.most_bytes and self.next - self.oldest > 1:
            self._drop()
        return number

    def get(self, number: int) -> Kept | None:
        """The message of that number, unless it has gone."""
        if not self.first <= number < self.next:
            return None
        if number < self.oldest:
            return self._held[number - self.first]
        place = number % self.capacity
        return Kept(number, self._at[place], self._stamps[place], self._id(place), self._bodies[place])

    def time_of(self, number: int) -> float:
        """When that message, which must be there, arrived: seconds since the epoch."""
        if number < self.oldest:
            return self._held[number - self.first].seconds
        return self._at[number % self.capacity]

    def _put_id(self, place: int, identity: str) -> None:
        short = packed(identity)
        if short is None:
            self._odd_ids[place] = identity
        else:
            self._odd_ids.pop(place, None)
            self._ids[place * ID_BYTES : (place + 1) * ID_BYTES] = short

    def _id(self, place: int) -> str:
        odd = self._odd_ids.get(place)
        return unpacked(self._ids[place * ID_BYTES : (place + 1) * ID_BYTES]) if odd is None else odd

    def _drop(self) -> None:
        going = self.get(self.oldest) if self._holding else None
        if going is not None and len(self._held) < self.capacity and self.bytes <= self.most_bytes:
            self._held.append(going)
        else:
            self._held = []
        place = self.oldest % self.capacity
        self.bytes -= len(self._bodies[place])
        self._bodies[place] = ""
        self.oldest += 1


def packed(identity: str) -> bytes | None:
    """An id in 16 bytes, where it is a UUID written as UUIDs mostly are."""
    if len(identity) != 36:
        return None
    try:
        found = bytes.fromhex(identity.replace("-", ""))
    except ValueError:
        return None
    return found if unpacked(found) == identity else None


def unpacked(identity: bytes | bytearray) -> str:
    """The id again."""
    text = identity.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
