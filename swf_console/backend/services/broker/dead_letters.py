"""Dead letters sent again and discarded: consumed by their ids, the same way on every kind of broker."""

from collections.abc import Callable, Sequence

from ...core.destinations import DEAD_LETTERS
from ...core.errors import Refused, UsageError
from ...messaging.broker_client import BrokerClient, RawMessage
from ...messaging.message import check_destination
from .messages import CAUSE, ORIGINAL_DESTINATION

# what the broker sets itself, and what made the message a dead letter
NOT_SENT_AGAIN = frozenset(
    {
        "message-id",
        "subscription",
        "destination",
        "timestamp",
        "ack",
        "redelivered",
        "content-length",
        "content-type",
        "expires",
        "originalExpiration",
        "set_aside_by",
        "transformation",
        ORIGINAL_DESTINATION,
        CAUSE,
    }
)
LONGEST_ID = 300


def resend(client: BrokerClient, ids: Sequence[str], to: str = "") -> int:
    """Send dead letters to their original destination, or to `to`, and remove them.

    Each is removed once the broker has confirmed the new one: after an interruption between the two it is in
    both places. Raises UsageError for an id that is not found, Refused where a letter cannot be sent again.
    """

    def send_again(message: RawMessage) -> None:
        destination = to or message.headers.get(ORIGINAL_DESTINATION, "")
        _check_resendable(message, destination)
        client.send(destination, message.body, _sent_again(message))

    return _take_each(client, ids, send_again)


def discard(client: BrokerClient, ids: Sequence[str]) -> int:
    """Remove dead letters for good. Raises UsageError for an id that is not found."""
    return _take_each(client, ids, lambda _: None)


def _take_each(client: BrokerClient, ids: Sequence[str], handle: Callable[[RawMessage], None]) -> int:
    done = 0
    for one in dict.fromkeys(ids):
        selector = f"JMSMessageID = '{_checked_id(one)}'"
        if not client.take(DEAD_LETTERS, handle, selector=selector, count=1):
            before = f" (handled before it: {done})" if done else ""
            raise UsageError(
                f"message not found in {DEAD_LETTERS}: {one[:LONGEST_ID]}{before}",
                f"List them: swf-console broker browse {DEAD_LETTERS}",
            )
        done += 1
    return done


def _checked_id(message_id: str) -> str:
    """The id as it stands in a selector."""
    if not message_id or len(message_id) > LONGEST_ID or not message_id.isprintable():
        raise UsageError(
            f"{message_id[:60]!r} is not the id of a message", f"See swf-console broker browse {DEAD_LETTERS}"
        )
    return message_id.replace("'", "''")


def _check_resendable(message: RawMessage, destination: str) -> None:
    if not destination:
        raise Refused(f"{message.id}: the message has no original destination", "Name one: --to DESTINATION")
    try:
        check_destination(destination)
    except UsageError as error:
        raise Refused(f"{message.id}: {error.message}", "Name another: --to DESTINATION") from error
    if destination == DEAD_LETTERS:
        raise Refused(f"{message.id} was sent to {DEAD_LETTERS} itself", "Name another: --to DESTINATION")
    if not message.is_text:
        raise Refused(
            f"{message.id}: its body is not text in UTF-8 and would be damaged",
            "Send it again from its program",
        )


def _sent_again(message: RawMessage) -> dict[str, str]:
    kept = {name: value for name, value in message.headers.items() if name not in NOT_SENT_AGAIN}
    # a dead letter is persistent, or the broker would not have kept it
    return {"persistent": "true", **kept}
