"""What a command is about: a queue, or one or all durable subscriptions of a client."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...core.destinations import QUEUE_PREFIX, TOPIC_PREFIX
from ...core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Target:
    """A queue (`destination`), or durable subscriptions of `client_id`: `name`, or all without a name."""

    destination: str = ""
    client_id: str = ""
    name: str = ""

    def __str__(self) -> str:
        if self.destination:
            return self.destination
        return f"{self.client_id} {self.name}".rstrip()


def target_of(words: Sequence[str]) -> Target:
    """The target that `/queue/NAME`, `CLIENT-ID` or `CLIENT-ID NAME` names. Raises UsageError."""
    first, *rest = words
    if first.startswith(QUEUE_PREFIX) and not rest:
        return Target(destination=check_queue(first))
    if first.startswith(("/", "ActiveMQ.")) or len(rest) > 1:
        raise UsageError(
            f"{' '.join(words)[:120]!r} is neither a queue nor a durable subscription",
            "Give /queue/NAME, or a client id and the subscription's name: swf-console broker subscriptions",
        )
    return Target(client_id=first, name=rest[0] if rest else "")


def check_queue(destination: str) -> str:
    """`destination` where it names one queue. Raises UsageError."""
    name = destination.removeprefix(QUEUE_PREFIX)
    if name == destination or not name or not name.isprintable() or any(sign in name for sign in "*>, ?"):
        what = "is a topic" if destination.startswith(TOPIC_PREFIX) else "is not the name of a queue"
        raise UsageError(f"{destination[:120]!r} {what}", "Give /queue/NAME: swf-console broker queues")
    return destination
