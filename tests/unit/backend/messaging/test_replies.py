"""Where replies may go: to the requester's own destinations and temporary ones, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.core.errors import Refused
from swf_console.backend.messaging.replies import PREFIX, TEMPORARY, checked_reply_to, reply_topic


@pytest.mark.parametrize("below", ["", ".1", ".a-b.c_d"])
@pytest.mark.parametrize(
    "prefix",
    [
        "/topic/workflow_control.replies.",
        "/queue/workflow_control.replies.",
        "/topic/agent_control.replies.",
        "/queue/agent_control.replies.",
        "/queue/agent_control.reply.",
    ],
)
def test_checked_reply_to_destination_of_the_source_is_accepted(prefix: str, below: str) -> None:
    assert checked_reply_to(f"{prefix}alice.x{below}", "alice.x") == f"{prefix}alice.x{below}"


@pytest.mark.parametrize("destination", ["/temp-queue/a", "/temp-topic/a", "/remote-temp-queue/ID:vm-1:2"])
def test_checked_reply_to_temporary_destination_is_accepted(destination: str) -> None:
    assert checked_reply_to(destination, "alice") == destination


@pytest.mark.parametrize(
    "destination",
    [
        "/queue/agent_control.victim",
        "/queue/agent_control.replies",
        "/queue/workflow_control",
        "/topic/epictopic",
        "/topic/agent_control.replies.alicex",
        "/topic/agent_control.replies.bob",
        "/topic/agent_control.replies.alice,/queue/agent_control.bob",
        "/topic/agent_control.replies.alice.>",
        "/topic/agent_control.replies.alice..x",
        "/temp-queue/",
        "/temp-queue/a,/queue/b c",
        "alice",
        "",
    ],
)
def test_checked_reply_to_other_destination_is_refused(destination: str) -> None:
    with pytest.raises(Refused, match="is not a destination of source 'alice'"):
        checked_reply_to(destination, "alice")


@pytest.mark.parametrize("source", ["", ".", "a b", "a*", "x" * 101])
def test_checked_reply_to_source_that_is_not_a_name_is_refused(source: str) -> None:
    with pytest.raises(Refused):
        checked_reply_to(reply_topic("agent_control", source), source)


@given(st.text(), st.text())
def test_checked_reply_to_any_text_is_refused_or_a_reply_destination(destination: str, source: str) -> None:
    try:
        checked = checked_reply_to(destination, source)
    except Refused:
        return
    assert PREFIX.match(checked) or TEMPORARY.fullmatch(checked)
