"""The filter of messages: its grammar, and what each term means."""

from dataclasses import dataclass
from typing import Any

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.messaging.message import MessageMetadata, read
from swf_console.backend.services.messages.filter import Filterable, compile_filter

METADATA = MessageMetadata(
    destination="/topic/epictopic",
    msg_type="stf_gen",
    namespace="demo",
    execution_id="stf_datataking-shifter-0001",
    run_id="100010",
    sender="STF_Datataking-agent-shifter-1",
)


@dataclass(frozen=True)
class Message:
    id: str = "0" * 32
    metadata: MessageMetadata = METADATA
    body: str = '{"filename": "swf.100010.000001.stf", "sequence": 1, "deep": {"done": true}}'
    content: Any = None


MESSAGE = Message(content={"filename": "swf.100010.000001.stf", "sequence": 1, "deep": {"done": True}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "type=stf_gen",
        "type=stf_*",
        "type=*",
        "type=st?_gen",
        "type=end_run,stf_gen",
        "msg_type=stf_gen",
        "TYPE=stf_gen",
        "type!=end_run",
        "!type=end_run",
        "-type=end_run",
        "!type!=stf_gen",
        "run=100010",
        "sender~AGENT",
        'sender~"agent-shifter"',
        "sender!~fastmon",
        "topic=/topic/epictopic",
        "destination~epic",
        "ns=demo",
        "000001.STF",
        '"swf.100010"',
        '"filename\\": \\"swf"',
        "!heartbeat",
        "-noise",
        "epictopic",
        ".sequence=1",
        ".deep.done=true",
        ".filename~0001",
        ".absent=",
        "!.absent=?*",
        "type=stf_* run=100010 sender~shifter !heartbeat -noise",
        "id=" + "0" * 32,
    ],
)
def test_message_filter_matching_passes(text: str) -> None:
    assert compile_filter(text)(MESSAGE)


@pytest.mark.parametrize(
    "text",
    [
        "type=stf",
        "type=STF_GEN",
        'type="stf_*"',
        "type=",
        "type=stf_* run=100011",
        "!type=stf_*",
        "sender~fastmon",
        "nothing",
        '"swf 100010"',
        "!swf",
        ".sequence=2",
        ".deep.done=false",
        ".deep.done.more=1",
        ".absent~x",
        "type=[s]tf_gen",
    ],
)
def test_message_filter_not_matching_rejects(text: str) -> None:
    assert not compile_filter(text)(MESSAGE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tpye=x", "Did you mean type?"),
        ("state=run", ".state is a field of the body"),
        ('"open', "not closed"),
        ('sender="open', "not closed"),
        ('"a"b', "is not closed"),
        ("!", "has no search text"),
        ("type=x -", "has no search text"),
        ("sender~", "has no search text"),
        ('""', "has no search text"),
        ("x" * 2001, "longer than"),
    ],
)
def test_compile_filter_invalid_is_refused_with_suggestions(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        compile_filter(text)
    assert said in str(refusal.value)


def test_compile_filter_word_with_colon_is_text() -> None:
    message = Message(body='{"url": "http://host/x?a=b"}')
    assert compile_filter("http://host/x?a=b")(message)


def test_message_filter_text_matches_any_json_spelling() -> None:
    assert compile_filter('"süß"')(Message(body='{"text": "s\\u00fc\\u00df"}'))
    assert compile_filter('"süß"')(Message(body='{"text": "süß"}'))


def test_message_filter_message_without_fields_is_accepted() -> None:
    empty = Message("", MessageMetadata(""), "not JSON \x00")
    assert not compile_filter("type=x")(empty)
    assert compile_filter("type= run= !sender~x .a=")(empty)
    assert compile_filter("json")(empty)


def test_message_filter_incoming_message_can_be_filtered() -> None:
    message: Filterable = read({"destination": "/topic/x"}, '{"msg_type": "stf_gen", "run_id": 7}')
    assert compile_filter("type=stf_gen run=7 topic=/topic/x")(message)


def test_message_filter_wildcards_are_fast_on_any_text() -> None:
    long = Message(metadata=METADATA._replace(sender="a" * 100_000))
    assert not compile_filter("sender=" + "*a" * 20 + "*b")(long)


def test_message_match_needs_body_only_for_text_and_body_fields() -> None:
    assert not compile_filter("type=a sender~b").needs_body
    assert compile_filter("type=a word").needs_body
    assert compile_filter(".state=run").needs_body
