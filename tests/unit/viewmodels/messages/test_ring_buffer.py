"""The ring buffer, its filtered indexes, and rates."""

import json

import pytest

from swf_console.backend.messaging.message import MessageMetadata
from swf_console.viewmodels.messages.index import SLICE, FilteredIndex
from swf_console.viewmodels.messages.rates import Rates
from swf_console.viewmodels.messages.ring_buffer import CHUNK, NOTE, BufferedMessage, RingBuffer

METADATA = MessageMetadata("/topic/epictopic", "stf_gen", "demo", None, "100010", "daq")


def fill(ring: RingBuffer, count: int, *indexes: FilteredIndex) -> None:
    for _ in range(count):
        number = ring.append(float(ring.next), METADATA, "", json.dumps({"n": ring.next}))
        message = ring.get(number)
        assert message is not None
        for index in indexes:
            index.arrived(number, METADATA)


def even(message: BufferedMessage) -> bool:
    return message.number % 2 == 0


def numbers(index: FilteredIndex) -> list[int]:
    return [index.at(position) for position in range(len(index))]


def test_ring_buffer_full_drops_oldest_and_keeps_numbers() -> None:
    ring = RingBuffer(10)
    fill(ring, 25)
    assert (ring.first, ring.next, len(ring)) == (15, 25, 10)
    kept = ring.get(15)
    assert kept is not None
    assert kept.content == {"n": 15}
    assert ring.get(14) is None
    assert ring.get(25) is None


def test_ring_buffer_large_bodies_are_bounded_in_bytes() -> None:
    ring = RingBuffer(1000, max_bytes=1000)
    for _ in range(20):
        ring.append(0.0, METADATA, "", "x" * 300)
    assert len(ring) == 3
    ring.append(0.0, METADATA, "", "x" * 5000)
    assert len(ring) == 1


def test_ring_buffer_held_messages_stay_until_release() -> None:
    ring = RingBuffer(10)
    fill(ring, 10)
    ring.hold()
    fill(ring, 7)
    assert (ring.first, len(ring)) == (0, 17)
    held = ring.get(3)
    assert held is not None
    assert held.number == 3
    assert ring.time_of(3) == 3.0
    ring.release()
    assert (ring.first, len(ring)) == (7, 10)


def test_ring_buffer_held_messages_are_bounded() -> None:
    ring = RingBuffer(10)
    ring.hold()
    fill(ring, 100)
    assert len(ring) <= 21


@pytest.mark.parametrize(
    "identity",
    ["0190a6a1-0000-7000-8000-00000000abcd", "", "ID:host-1:2", "0190A6A1-0000-7000-8000-00000000ABCD"],
)
def test_ring_buffer_any_id_is_unchanged(identity: str) -> None:
    ring = RingBuffer(2)
    for each in ("other", identity, "0190a6a1-0000-7000-8000-000000000001", identity):
        ring.append(0.0, METADATA, each, "")
    kept = ring.get(3)
    assert kept is not None
    assert kept.id == identity


def test_filtered_index_checks_new_and_older_messages() -> None:
    ring = RingBuffer(10_000)
    fill(ring, 3 * SLICE)
    index = FilteredIndex(ring, even)
    fill(ring, 10, index)
    assert index.checked == 10
    assert index.index_older()
    while index.index_older():
        pass
    assert index.complete
    assert numbers(index) == [number for number in range(ring.next) if number % 2 == 0]


@pytest.mark.parametrize("slices", [0, 1, 2, 3, 9])
def test_filtered_index_partly_indexed_ring_has_right_positions(slices: int) -> None:
    ring = RingBuffer(600)
    fill(ring, 700)
    index = FilteredIndex(ring, even)
    fill(ring, 50, index)
    for _ in range(slices):
        index.index_older()
    fill(ring, 333, index)
    found = numbers(index)
    assert found == sorted(found)
    assert all(number >= ring.first for number in found)
    for number in range(ring.first - 5, ring.next + 5):
        assert index.position(number) == sum(each < number for each in found), number


def test_filtered_index_without_filter_is_whole_ring() -> None:
    ring = RingBuffer(5)
    index = FilteredIndex(ring, None)
    fill(ring, 8, index)
    assert numbers(index) == [3, 4, 5, 6, 7]
    assert [index.position(number) for number in (0, 3, 7, 9)] == [0, 0, 4, 5]
    assert index.complete


def test_rates_count_by_second() -> None:
    rates = Rates(10)
    rates.add(100, 3)
    rates.add(101, 5)
    assert rates.last(4, 102) == [0, 0, 3, 5]
    assert rates.per_second(102, over=2) == 4.0
    assert rates.last(3, 130) == [0, 0, 0]
    rates.add(50)
    assert rates.last(3, 131) == [0, 0, 0]


def test_filtered_index_by_metadata_decides_each_once() -> None:
    ring, decided = RingBuffer(1000), []

    def wanted(message: BufferedMessage) -> bool:
        decided.append(message.number)
        return message.msg_type == "stf_gen"

    other = METADATA._replace(msg_type="heartbeat")
    for number in range(600):
        ring.append(0.0, METADATA if number % 3 else other, "", "")
    ring.append(0.0, NOTE, "", "a mark")
    index = FilteredIndex(ring, wanted, by_metadata=True)
    while index.index_older():
        pass
    assert index.arrived(ring.append(0.0, other, "", ""), other) is False
    assert numbers(index) == [number for number in range(601) if number % 3 or number == 600]
    assert len(decided) == 2


def test_ring_buffer_bodies_are_unchanged_in_full_and_last_chunk() -> None:
    ring = RingBuffer(2000)
    bodies = [f"{n} äöü \udcff {'x' * (n % 7)}" for n in range(CHUNK * 2 + 100)]
    for body in bodies:
        ring.append(0.0, METADATA, "", body)
    kept = [ring.get(number) for number in range(len(bodies))]
    assert [message.body for message in kept if message] == bodies
    assert ring.bytes == sum(len(body.encode("utf-8", "surrogatepass")) for body in bodies)
