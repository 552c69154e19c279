"""Commands on the control queue, as anybody may send them."""

import json
from typing import Any

import pytest

from swf_console.backend.core.errors import NamespaceError, Refused, SwfError
from swf_console.backend.messaging.message import read
from swf_console.backend.services.runner.protocol import Command, named_namespace, reply_to, run_command


def command(headers: dict[str, str] | None = None, **content: Any) -> Command:
    given = {"destination": "/queue/workflow_control", **(headers or {})}
    return Command.of(read(given, json.dumps(content)))


def test_command_run_becomes_request() -> None:
    asked = command(
        msg_type="run_workflow",
        namespace="demo",
        workflow_name="stf_datataking",
        config=None,
        realtime=True,
        duration="120",
        params={"stf_count": "5", "namespace": "demo"},
    ).run_request("me")
    assert (asked.workflow, asked.configuration, asked.realtime, asked.duration) == (
        "stf_datataking",
        None,
        True,
        120.0,
    )
    assert [(override.key, override.value) for override in asked.overrides] == [("stf_count", "5")]


def test_run_command_round_trip() -> None:
    asked = command(msg_type="run_workflow", workflow_name="w", namespace="n", params={"stf_count": 3})
    again = command(**run_command(asked.run_request("me"), "n", "r1"))
    assert again.run_request("me") == asked.run_request("me")


@pytest.mark.parametrize(
    ("content", "namespace"),
    [
        ({"namespace": "torre1"}, "torre1"),
        ({"params": {"namespace": "torre1"}}, "torre1"),
        ({"params": {"namespace": 7}}, None),
        ({"params": "no object"}, None),
        ({}, None),
    ],
)
def test_command_namespace_in_params(content: dict[str, Any], namespace: str | None) -> None:
    assert command(msg_type="run_workflow", **content).namespace == namespace


@pytest.mark.parametrize("namespace", ["", "  ", "your-namespace", "a b", "x" * 101, "'; drop"])
def test_named_namespace_invalid_refused(namespace: str) -> None:
    with pytest.raises(NamespaceError):
        named_namespace(command(msg_type="status_request", namespace=namespace))


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"workflow_name": ["stf_datataking"]},
        {"workflow_name": "w", "config": 5},
        {"workflow_name": "w", "params": [1]},
        {"workflow_name": "w", "duration": "soon"},
        {"workflow_name": "w", "duration": -1},
        {"workflow_name": "w", "duration": float("inf")},
    ],
)
def test_run_request_wrong_types_refused(content: dict[str, Any]) -> None:
    with pytest.raises(SwfError) as refused:
        command(msg_type="run_workflow", namespace="n", **content).run_request("me")
    assert "\n" not in str(refused.value)


def test_reply_to_destination_and_correlation_id() -> None:
    mine = "/topic/workflow_control.replies.me"
    asked = command(msg_type="status_request", source="me", reply_to=mine, correlation_id="c1")
    destination, content = reply_to(asked, {"accepted": True}) or ("", {})
    assert destination == mine
    assert content["correlation_id"] == "c1"
    assert content["accepted"] is True


def test_reply_to_of_a_0_1_client_is_its_users_topic() -> None:
    topic = "/topic/workflow_control.replies.alice"
    asked = command(
        msg_type="status_request", source="swf-console", sender="swf-console-alice", reply_to=topic
    )
    assert (reply_to(asked, {}) or ("",))[0] == topic


@pytest.mark.parametrize(
    "destination", ["answers", "/etc/passwd", "/queue/agent_control.victim", "/topic/epictopic"]
)
def test_reply_to_foreign_destination_is_refused(destination: str) -> None:
    asked = command(msg_type="status_request", source="me", reply_to=destination)
    assert reply_to(asked, {}) is None
    with pytest.raises(Refused, match="is not a destination of source 'me'"):
        asked.reply_destination()


@pytest.mark.parametrize("destination", [None, "", 5])
def test_reply_to_missing_is_no_reply(destination: Any) -> None:
    asked = command(msg_type="status_request", source="me", reply_to=destination)
    assert reply_to(asked, {}) is None


@pytest.mark.parametrize("source", [None, "", 5])
def test_reply_to_without_source_is_no_reply(source: Any) -> None:
    mine = "/topic/workflow_control.replies.me"
    assert reply_to(command(msg_type="status_request", source=source, reply_to=mine), {}) is None


def test_command_not_json_has_no_kind() -> None:
    assert Command.of(read({}, "run!")).kind == ""


@pytest.mark.parametrize("given", ["r1", "a" * 100, "2026-01-31.run_7"])
def test_command_request_id_valid_accepted(given: str) -> None:
    assert command(msg_type="run_workflow", request_id=given).request_id() == given


def test_command_without_request_id_has_none() -> None:
    assert command(msg_type="run_workflow").request_id() is None


@pytest.mark.parametrize("given", ["", "a b", "x" * 101, 7, ["r1"], "é", "a\n"])
def test_command_request_id_invalid_refused(given: Any) -> None:
    with pytest.raises(Refused, match="request_id is not valid"):
        command(msg_type="run_workflow", request_id=given).request_id()


def test_reply_to_repeats_the_request_id() -> None:
    asked = command(
        msg_type="run_workflow",
        source="me",
        reply_to="/topic/workflow_control.replies.me",
        request_id="r1",
    )
    _, content = reply_to(asked, {"accepted": True}) or ("", {})
    assert content["request_id"] == "r1"
