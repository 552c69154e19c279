"""Names of destinations, wildcards and virtual topics."""

from pathlib import Path

import pytest

from swf_console.backend.broker.destinations import check_name, matches, virtual_topic
from swf_console.backend.broker.frames import Frame, Rejected
from swf_console.backend.broker.journal import BrokerJournal
from swf_console.backend.broker.limits import Limits
from swf_console.backend.broker.message import Message, from_frame
from swf_console.backend.broker.topics import Topics


class Listener:
    """Keeps what it gets."""

    ended = False

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def deliver(self, message: Message) -> None:
        self.bodies.append(message.body)


@pytest.fixture
def journal(tmp_path: Path) -> BrokerJournal:
    return BrokerJournal(tmp_path / "broker.journal", Limits())


def message(body: bytes, **headers: str) -> Message:
    return from_frame(Frame("SEND", headers, body, True), "/topic/x", "id-1")


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("a.>", "a", True),
        ("a.>", "a.b.c", True),
        ("a.>", "ab", False),
        (">", "a.b", True),
        ("*.b", "a.b", True),
        ("*", "a", True),
        ("a.*.c", "a.b.c", True),
        ("a.b*", "a.bc", False),
        (">", "ActiveMQ.Advisory.Connection", False),
        ("ActiveMQ.Advisory.>", "ActiveMQ.Advisory.Connection", True),
    ],
)
def test_matches_compares_element_by_element(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


@pytest.mark.parametrize(
    "destination", ["a", "topic/a", "/topic/", "/queue/a.*", "/other/a", "/queue/\n", "/queue/" + "x" * 2000]
)
def test_check_name_invalid_is_rejected(destination: str) -> None:
    with pytest.raises(Rejected, match="Bad destination"):
        check_name(destination)


def test_check_name_star_inside_element_is_literal() -> None:
    assert check_name("/queue/a*b") == "a*b"


@pytest.mark.parametrize(
    ("queue", "topic"),
    [
        ("Consumer.me.epictopic", "epictopic"),
        ("Consumer.me.a.b", "a.b"),
        ("Consumer.me", None),
        ("Other.me.a", None),
    ],
)
def test_virtual_topic_is_derived_from_queue_name(queue: str, topic: str | None) -> None:
    assert virtual_topic(queue) == topic


def test_topics_pattern_subscription_covers_later_topics_until_removed(journal: BrokerJournal) -> None:
    topics, listener = Topics(journal), Listener()
    topics.add("a.*", listener)
    topics.get("a.b").publish(message(b"1"), None)
    topics.remove("a.*", listener)
    topics.get("a.b").publish(message(b"2"), None)
    topics.get("a.c").publish(message(b"3"), None)
    assert listener.bodies == [b"1"]


def test_topic_expired_message_is_not_delivered(journal: BrokerJournal) -> None:
    topics, listener = Topics(journal), Listener()
    topics.add("a", listener)
    topics.get("a").publish(message(b"old", expires="1000"), None)
    assert listener.bodies == []


def test_topics_subscribed_is_none_without_subscriber(journal: BrokerJournal) -> None:
    topics = Topics(journal)
    topics.get("a")
    assert topics.subscribed("a") is None
    assert topics.subscribed("b") is None
    topics.add("b.>", Listener())
    assert topics.subscribed("b.c") is not None


@pytest.mark.parametrize("expires", ["soon", "1.5", str(1 << 62), "9" * 6000])
def test_from_frame_bad_expires_is_rejected(expires: str) -> None:
    with pytest.raises(Rejected):
        message(b"x", expires=expires)


def test_message_retargeted_has_same_id_and_headers() -> None:
    copy = message(b"x", odd="1", persistent="true").retargeted("/queue/q", "original-destination:/topic/x\n")
    assert copy.headers["destination"] == "/queue/q"
    assert copy.headers["original-destination"] == "/topic/x"
    assert (copy.id, copy.headers["odd"], copy.body, copy.persistent) == ("id-1", "1", b"x", True)
    again = Message.stored(copy.tail, True)
    assert (again.id, again.headers, again.body) == (copy.id, copy.headers, b"x")
