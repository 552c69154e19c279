"""What needs an operator at a broker: a store that is nearly full, a backlog that no client reads."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...core.format import plural, since, size
from ...core.sanitize import brief
from .records import NEARLY_FULL, BrokerContents, DestinationStatus, DurableSubscription

STORE = "store"
# a client that is restarted, or stopped over a break, comes back before that
ABANDONED_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BrokerProblem:
    """A problem of `subject`, and the command that ends it. `refuses`: messages are refused because of it."""

    subject: str
    text: str
    advice: str
    refuses: bool = False


def problems_of(contents: BrokerContents, now: datetime) -> list[BrokerProblem]:
    """The problems, the most urgent first."""
    found = [*_of_store(contents)]
    for subscription in sorted(contents.subscriptions, key=lambda one: -(one.bytes or 0)):
        found += _of_subscription(subscription, now)
    for queue in sorted(contents.queues, key=lambda one: -(one.bytes or 0)):
        found += _of_queue(queue)
    return sorted(found, key=lambda one: not one.refuses)


def _of_store(contents: BrokerContents) -> Iterator[BrokerProblem]:
    store = contents.store
    if store is None:
        return
    advice = "See what fills it: swf-console broker subscriptions, swf-console broker queues"
    used = f"{size(store.bytes)} of {size(store.limit_bytes)} ({store.fraction:.0%})"
    if store.refusal:
        yield BrokerProblem(
            STORE, f"persistent messages are refused: {brief(store.refusal, 200)}", advice, refuses=True
        )
    elif store.fraction > NEARLY_FULL:
        yield BrokerProblem(STORE, f"the broker's store is nearly full: {used}", advice)


def _of_subscription(one: DurableSubscription, now: datetime) -> Iterator[BrokerProblem]:
    full, share = _fullness(one.bytes, one.limit_bytes)
    old = one.oldest_at is not None and now - one.oldest_at > ABANDONED_AFTER
    abandoned = not one.active and bool(one.messages) and old
    if not (full or abandoned):
        return
    who = f" of {brief(one.agent, 80)}" if one.agent else ""
    text = (
        f"durable subscription {brief(one.name, 80)} of client {brief(one.client_id, 80)}{who}: "
        f"{plural(one.messages or 0, 'message')} waiting, the oldest for {since(one.oldest_at, now)}{share}"
    )
    if one.active:
        advice = "Its client is connected but too slow: see its log"
    else:
        command = shlex.join(["swf-console", "broker", "drop", one.client_id, one.name])
        text += "; no client is connected"
        advice = f"Start its client, or remove it: {brief(command, 300)}"
    yield BrokerProblem(f"{one.client_id} {one.name}", text, advice, refuses=one.is_full)


def _of_queue(one: DestinationStatus) -> Iterator[BrokerProblem]:
    full, share = _fullness(one.bytes, one.limit_bytes)
    if not full:
        return
    text = (
        f"{brief(one.destination, 120)}: {plural(one.messages or 0, 'message')} waiting{share}, "
        f"{plural(one.consumers or 0, 'consumer')}"
    )
    command = shlex.join(["swf-console", "broker", "purge", one.destination])
    yield BrokerProblem(
        one.destination, text, f"Start its consumer, or empty it: {brief(command, 300)}", refuses=one.is_full
    )


def _fullness(used: int | None, limit: int | None) -> tuple[bool, str]:
    """Whether a store is over the threshold, and its share in words."""
    if used is None or not limit or used <= NEARLY_FULL * limit:
        return False, ""
    return True, f", {used / limit:.0%} of its limit of {size(limit)}"
