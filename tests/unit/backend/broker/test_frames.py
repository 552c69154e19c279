"""STOMP frames from bytes: whole, in pieces, and wrong."""

from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.broker.frames import VERSIONS, Frame, FrameParser, Rejected, encode, escape, unescape
from swf_console.backend.broker.limits import Limits

LIMITS = Limits(body_bytes=100, headers=4, header_bytes=50, head_bytes=200)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NAME = st.text("abc:\\\n\r ü", min_size=1, max_size=5)


def parse(pieces: Iterable[bytes], version: str = "1.2", limits: Limits = LIMITS) -> list[Frame]:
    parser = FrameParser(limits)
    parser.version = version
    parser.accept_large_frames()
    frames = []
    for piece in pieces:
        parser.feed(piece)
        while (frame := parser.next()) is not None:
            frames.append(frame)
    return frames


def told(frames: list[Frame]) -> list[tuple[str, dict[str, str], bytes]]:
    return [(frame.command, frame.headers, frame.body) for frame in frames]


@given(
    st.lists(st.tuples(st.dictionaries(NAME, TEXT, max_size=3), st.binary(max_size=30)), max_size=4),
    st.lists(st.integers(1, 300), max_size=6),
)
def test_frame_parser_any_chunks_give_same_frames(
    frames: list[tuple[dict[str, str], bytes]], cuts: list[int]
) -> None:
    data = b"\n".join(
        encode("1.2", "SEND", [*headers.items(), ("content-length", str(len(body)))], body)
        for headers, body in frames
    )
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places)]
    expected = [("SEND", headers | {"content-length": str(len(body))}, body) for headers, body in frames]
    assert told(parse(pieces, limits=Limits())) == expected


@given(TEXT)
def test_escape_is_undone_by_unescape(text: str) -> None:
    assert unescape(escape(text)) == text
    assert not set(":\n\r") & set(escape(text))


def test_frame_parser_version_1_0_does_not_unescape() -> None:
    (frame,) = parse([b"SEND\ndestination: /queue/a \nodd:a:b\\n\n\nx\0"], "1.0")
    assert frame.headers == {"destination": "/queue/a", "odd": "a:b\\n"}


def test_frame_parser_connect_headers_are_not_unescaped() -> None:
    (frame,) = parse([b"CONNECT\npasscode:a\\nb:c\n\n\0"])
    assert frame.headers["passcode"] == "a\\nb:c"


@pytest.mark.parametrize("version", VERSIONS)
def test_frame_parser_repeated_header_first_counts(version: str) -> None:
    (frame,) = parse([b"SEND\na:1\na:2\n\n\0"], version)
    assert frame.headers == {"a": "1"}


def test_frame_parser_body_like_head_is_body() -> None:
    frames = parse([b"SEND\r\na:1\r\n\r\n\n\nSEND\r\n\r\n\0\r\n\nACK\nid:1\n\n\0"])
    expected = [("SEND", {"a": "1"}, b"\n\nSEND\r\n\r\n"), ("ACK", {"id": "1"}, b"")]
    assert told(frames) == expected


def test_frame_parser_heartbeats_between_frames_are_skipped() -> None:
    assert parse([b"\n\n\r\n", b"\n", b"ACK\n\n\0\n\n"])[0].command == "ACK"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"SEND\na:1\nb:2\nc:3\nd:4\ne:5\n\n\0", "more than 4 headers"),
        (b"SEND\nlong:" + b"x" * 60 + b"\n\n\0", "longer than 50"),
        (b"SEND\n" + b"a:1\n" * 60, "too long"),
        (b"x" * 100, "not STOMP"),
        (b"SEND\n\n" + b"x" * 101 + b"\0", "larger than 100"),
        (b"SEND\n\n" + b"x" * 400, "larger than 364"),
        (b"SEND\ncontent-length:101\n\n", "larger than 100"),
        (b"SEND\ncontent-length:" + b"9" * 30 + b"\n\n", "larger than 100"),
        (b"SEND\ncontent-length:-1\n\n\0", "valid integer"),
        (b"SEND\ncontent-length:\xd9\xa3\n\n\0", "valid integer"),
        (b"SEND\ncontent-length:2\n\nabc\0", "trailing null"),
        (b"SEND\nnothing\n\n\0", "no colon"),
        (b"SEND\na:\\t\n\n\0", "escape"),
        (b"SEND\na:\\", None),
        (b"SEND\na:b\\\n\n\0", "escape"),
        (b"SEND\na:\xff\n\n\0", "UTF-8"),
        (b"SEND\na:b\0", "blank line"),
        (b"SEND\na:b\0c\n\n\0", "NUL"),
    ],
)
def test_frame_parser_wrong_frame_is_rejected(data: bytes, reason: str | None) -> None:
    if reason is None:
        assert parse([data]) == []
        return
    with pytest.raises(Rejected, match=reason):
        parse([data])


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_frame_parser_any_bytes_give_frames_or_are_rejected(pieces: list[bytes]) -> None:
    with suppress(Rejected):
        assert all(len(frame.body) <= LIMITS.body_bytes for frame in parse(pieces))
