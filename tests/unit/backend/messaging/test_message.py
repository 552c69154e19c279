"""What is written into messages, and what is made of anybody else's."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.core.errors import UsageError
from swf_console.backend.messaging.message import Draft, draft, identify, make, read, write


def test_make_copies_metadata_to_headers() -> None:
    content = {"msg_type": "start_run", "execution_id": "w-u-0001", "run_id": "100010", "namespace": "n"}

    message = make("/topic/epictopic", content, sender="runner-1")

    assert message.headers == {
        "persistent": "true",
        "msg_type": "start_run",
        "namespace": "n",
        "run_id": "100010",
        "execution_id": "w-u-0001",
        "swf_message_id": message.id,
    }
    assert json.loads(message.body) == content | {"sender": "runner-1"}
    assert str(uuid.UUID(message.id)) == message.id


def test_make_content_overrides_arguments() -> None:
    message = make("/queue/q", {"namespace": "theirs", "sender": "me"}, sender="you", namespace="ours")

    assert (message.namespace, message.sender) == ("theirs", "me")
    assert message.content["namespace"] == "theirs"


def test_make_does_not_change_the_callers_dictionary() -> None:
    content: dict[str, Any] = {"msg_type": "x"}

    make("/queue/q", content, sender="me", namespace="n")

    assert content == {"msg_type": "x"}


@given(
    st.dictionaries(
        st.sampled_from(["msg_type", "run_id", "execution_id", "x"]) | st.just(1),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.just([1])
        | st.just(object()),
    )
)
def test_draft_checks_like_make_and_encodes_the_same_message(content: dict[str, Any]) -> None:
    try:
        made = make("/topic/t", content)
    except UsageError:
        with pytest.raises(UsageError):
            draft("/topic/t", content)
        return
    written = write(draft("/topic/t", dict(content)))
    made = make("/topic/t", content | {"timestamp": written.content["timestamp"]})

    assert written._replace(id="", headers={}, created_at=made.created_at) == made._replace(id="", headers={})
    assert written.headers | {"swf_message_id": ""} == made.headers | {"swf_message_id": ""}


def test_draft_keeps_its_time() -> None:
    drafted = draft("/topic/t", {"msg_type": "stf_gen", "execution_id": "w-u-0001"})

    assert isinstance(drafted, Draft)
    assert drafted.execution_id == "w-u-0001"
    written = write(drafted)
    assert written.created_at.timestamp() == pytest.approx(drafted.created_at, abs=1e-6)
    assert written.content["timestamp"] == written.created_at.isoformat(timespec="microseconds")


@pytest.mark.parametrize("extra", [{}, {"files": ["not plain"]}])
def test_draft_with_timestamp_keeps_it(extra: dict[str, Any]) -> None:
    said = write(draft("/topic/t", {"msg_type": "stf_gen", "timestamp": "then", **extra}))
    given = write(draft("/topic/t", {"msg_type": "stf_gen", **extra}))

    assert said.content["timestamp"] == "then"
    assert datetime.fromisoformat(given.content["timestamp"]).utcoffset() == timedelta(0)


def test_make_numeric_run_id_is_text_in_the_header() -> None:
    assert make("/topic/t", {"run_id": 100010}).headers["run_id"] == "100010"


@pytest.mark.parametrize("destination", ["epictopic", "", "/topic/", "topic/x", "/queue", "/topic/a\nb"])
def test_make_bare_destination_is_refused(destination: str) -> None:
    with pytest.raises(UsageError, match="is not a destination"):
        make(destination, {})


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}, b"bytes"])
def test_make_content_not_json_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="JSON"):
        make("/topic/t", {"value": value})


def test_make_nul_in_header_is_refused() -> None:
    with pytest.raises(UsageError, match="NUL"):
        make("/topic/t", {"msg_type": "a\0b"})


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[1]", "JSON, but not an object"),
        ("null", "JSON, but not an object"),
    ],
)
def test_read_body_not_an_object_is_a_problem(body: str, problem: str) -> None:
    message = read({}, body)

    assert (message.content, message.problem, message.body) == (None, problem, body)


def test_read_without_headers_uses_the_content() -> None:
    message = read({}, '{"msg_type": "stf_gen", "namespace": "n", "run_id": 7}')

    assert (message.msg_type, message.namespace, message.run_id) == ("stf_gen", "n", "7")
    assert message.problem is None


def test_read_wrong_field_types_are_named() -> None:
    message = read({"namespace": "from-header"}, '{"msg_type": [1], "namespace": {"a": 1}}')

    assert message.problem == "not text: msg_type, namespace"
    assert (message.msg_type, message.namespace) == (None, "from-header")


def test_read_keeps_control_characters() -> None:
    message = read({"msg_type": "\x1b[31mred\x07"}, '{"text": "\\u001b[2J\\u0000"}')

    assert message.msg_type == "\x1b[31mred\x07"
    assert message.content == {"text": "\x1b[2J\x00"}


def test_read_deep_nesting_is_a_problem() -> None:
    assert read({}, "[" * 100_000).problem == "not JSON"


def test_identify_keeps_our_id_and_derives_foreign_ids() -> None:
    ours = str(uuid.uuid4())

    assert identify({"swf_message_id": ours.upper(), "message-id": "ID:1"}) == ours
    derived = str(uuid.uuid5(uuid.NAMESPACE_URL, "stomp:ID:1"))
    assert identify({"message-id": "ID:1"}) == derived
    assert identify({"message-id": "ID:1", "swf_message_id": "not a uuid"}) == derived
    assert identify({}) != identify({})


@given(st.dictionaries(st.text(), st.text()), st.text())
def test_read_any_message_does_not_raise(headers: dict[str, str], body: str) -> None:
    assert read(headers, body).body == body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text().filter(lambda name: name != "msg_type"), JSON))
def test_read_of_write_round_trip(content: dict[str, Any]) -> None:
    try:
        message = make("/topic/t", content)
    except UsageError:
        return
    assert read(message.headers, message.body).content == content
