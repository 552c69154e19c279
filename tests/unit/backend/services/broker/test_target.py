"""What a command is about: a queue, or a client's durable subscriptions."""

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.services.broker.target import Target, target_of


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (["/queue/a.b"], Target("/queue/a.b")),
        (["client-1"], Target(client_id="client-1")),
        (["client-1", "topic.epictopic"], Target(client_id="client-1", name="topic.epictopic")),
    ],
)
def test_target_of_words_is_a_queue_or_a_subscription(words: list[str], target: Target) -> None:
    assert target_of(words) == target
    assert str(target) == " ".join(words)


@pytest.mark.parametrize(
    "words",
    [
        ["/topic/epictopic"],
        ["/queue/"],
        ["/queue/>"],
        ["/queue/a,b"],
        ["a", "b", "c"],
        ["/queue/a", "b"],
        ["/x"],
    ],
)
def test_target_of_anything_else_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError):
        target_of(words)
