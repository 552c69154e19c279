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


def test_a_message_carries_its_stamps_as_headers() -> None:
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


def test_what_the_content_says_wins_over_the_arguments() -> None:
    message = make("/queue/q", {"namespace": "theirs", "sender": "me"}, sender="you", namespace="ours")

    assert (message.namespace, message.sender) == ("theirs", "me")
    assert message.content["namespace"] == "theirs"


def test_stamping_leaves_the_caller_s_dictionary_alone() -> None:
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
def test_a_draft_is_refused_where_a_message_is_and_becomes_the_same_message(content: dict[str, Any]) -> None:
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


def test_a_draft_keeps_the_time_at_which_it_was_sent() -> None:
    drafted = draft("/topic/t", {"msg_type": "stf_gen", "execution_id": "w-u-0001"})

    assert isinstance(drafted, Draft)
    assert drafted.execution_id == "w-u-0001"
    written = write(drafted)
    assert written.created_at.timestamp() == pytest.approx(drafted.created_at, abs=1e-6)
    assert written.content["timestamp"] == written.created_at.isoformat(timespec="microseconds")


@pytest.mark.parametrize("extra", [{}, {"files": ["not plain"]}])
def test_a_message_of_a_workflow_that_says_its_time_keeps_it(extra: dict[str, Any]) -> None:
    said = write(draft("/topic/t", {"msg_type": "stf_gen", "timestamp": "then", **extra}))
    given = write(draft("/topic/t", {"msg_type": "stf_gen", **extra}))

    assert said.content["timestamp"] == "then"
    assert datetime.fromisoformat(given.content["timestamp"]).utcoffset() == timedelta(0)


def test_a_number_as_run_id_becomes_text_in_the_header() -> None:
    assert make("/topic/t", {"run_id": 100010}).headers["run_id"] == "100010"


@pytest.mark.parametrize("destination", ["epictopic", "", "/topic/", "topic/x", "/queue", "/topic/a\nb"])
def test_a_bare_destination_is_an_error(destination: str) -> None:
    with pytest.raises(UsageError, match="no destination"):
        make(destination, {})


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}, b"bytes"])
def test_content_that_json_cannot_hold_is_an_error(value: object) -> None:
    with pytest.raises(UsageError, match="JSON"):
        make("/topic/t", {"value": value})


def test_a_nul_never_reaches_a_header() -> None:
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
def test_a_body_that_is_no_object_is_a_problem_and_no_error(body: str, problem: str) -> None:
    message = read({}, body)

    assert (message.content, message.problem, message.body) == (None, problem, body)


def test_a_message_without_any_header_is_read_from_its_content() -> None:
    message = read({}, '{"msg_type": "stf_gen", "namespace": "n", "run_id": 7}')

    assert (message.msg_type, message.namespace, message.run_id) == ("stf_gen", "n", "7")
    assert message.problem is None


def test_fields_of_the_wrong_type_are_named() -> None:
    message = read({"namespace": "from-header"}, '{"msg_type": [1], "namespace": {"a": 1}}')

    assert message.problem == "not text: msg_type, namespace"
    assert (message.msg_type, message.namespace) == (None, "from-header")


def test_control_characters_stay_as_they_are() -> None:
    message = read({"msg_type": "\x1b[31mred\x07"}, '{"text": "\\u001b[2J\\u0000"}')

    assert message.msg_type == "\x1b[31mred\x07"
    assert message.content == {"text": "\x1b[2J\x00"}


def test_deep_nesting_is_a_problem_and_no_error() -> None:
    assert read({}, "[" * 100_000).problem == "not JSON"


def test_the_id_of_ours_is_kept_and_a_stranger_s_is_derived_from_the_broker_s() -> None:
    ours = str(uuid.uuid4())

    assert identify({"swf_message_id": ours.upper(), "message-id": "ID:1"}) == ours
    derived = str(uuid.uuid5(uuid.NAMESPACE_URL, "stomp:ID:1"))
    assert identify({"message-id": "ID:1"}) == derived
    assert identify({"message-id": "ID:1", "swf_message_id": "not a uuid"}) == derived
    assert identify({}) != identify({})


@given(st.dictionaries(st.text(), st.text()), st.text())
def test_nothing_that_arrives_raises(headers: dict[str, str], body: str) -> None:
    assert read(headers, body).body == body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text().filter(lambda name: name != "msg_type"), JSON))
def test_what_is_written_can_be_read_again(content: dict[str, Any]) -> None:
    try:
        message = make("/topic/t", content)
    except UsageError:
        return
    assert read(message.headers, message.body).content == content
