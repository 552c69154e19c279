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
def test_a_filter_that_holds_lets_the_message_through(text: str) -> None:
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
def test_a_filter_that_does_not_hold_keeps_the_message_back(text: str) -> None:
    assert not compile_filter(text)(MESSAGE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tpye=x", "Did you mean type?"),
        ("state=run", ".state is a field of the body"),
        ('"open', "not closed"),
        ('sender="open', "not closed"),
        ('"a"b', "not closed before a space"),
        ("!", "looks for nothing"),
        ("type=x -", "looks for nothing"),
        ("sender~", "looks for nothing"),
        ('""', "looks for nothing"),
        ("x" * 2001, "longer than"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_could_be(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        compile_filter(text)
    assert said in str(refusal.value)


def test_a_word_with_a_colon_before_its_equals_sign_is_text() -> None:
    message = Message(body='{"url": "http://host/x?a=b"}')
    assert compile_filter("http://host/x?a=b")(message)


def test_text_is_found_however_json_spells_it() -> None:
    assert compile_filter('"süß"')(Message(body='{"text": "s\\u00fc\\u00df"}'))
    assert compile_filter('"süß"')(Message(body='{"text": "süß"}'))


def test_a_message_without_any_field_is_no_error() -> None:
    empty = Message("", MessageMetadata(""), "not JSON \x00")
    assert not compile_filter("type=x")(empty)
    assert compile_filter("type= run= !sender~x .a=")(empty)
    assert compile_filter("json")(empty)


def test_a_message_as_it_arrives_can_be_filtered() -> None:
    message: Filterable = read({"destination": "/topic/x"}, '{"msg_type": "stf_gen", "run_id": 7}')
    assert compile_filter("type=stf_gen run=7 topic=/topic/x")(message)


def test_stars_never_take_long_whatever_they_meet() -> None:
    long = Message(metadata=METADATA._replace(sender="a" * 100_000))
    assert not compile_filter("sender=" + "*a" * 20 + "*b")(long)


def test_only_text_and_fields_of_the_body_need_the_body() -> None:
    assert not compile_filter("type=a sender~b").needs_body
    assert compile_filter("type=a word").needs_body
    assert compile_filter(".state=run").needs_body
