"""What an operator does with the broker of a home: command line, console and tools call these."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from ...core.destinations import DEAD_LETTERS
from ...core.errors import UsageError
from ...core.settings import Settings
from ...messaging.broker_client import BrokerClient, broker_client
from . import dead_letters
from .activemq import ActiveMQAdministration
from .embedded import EmbeddedAdministration
from .ports import BrokerAdministration
from .problems import BrokerProblem, problems_of
from .records import BrokerContents, Compaction, Removal, WaitingMessage
from .target import Target

MOST_BROWSED = 1000


def contents(settings: Settings) -> BrokerContents:
    """What the broker holds. Raises BrokerUnreachable, also where no embedded broker runs."""
    with broker_client(settings) as client:
        return _administration(settings, client).contents()


def problems(settings: Settings) -> list[BrokerProblem]:
    """What needs an operator, the most urgent first. Raises BrokerUnreachable.

    Of an ActiveMQ the store alone: what it tells of backlogs takes more than a second.
    """
    with broker_client(settings) as client:
        return problems_of(_administration(settings, client).summary(), datetime.now(UTC))


def browse(settings: Settings, target: Target, limit: int = 50) -> list[WaitingMessage]:
    """The first messages of a queue or of a durable subscription, which stay there."""
    with broker_client(settings) as client:
        return _administration(settings, client).browse(target, limit)


def drop(settings: Settings, target: Target) -> list[Removal]:
    """Remove durable subscriptions with their messages. Raises UsageError for a queue."""
    if target.destination:
        raise UsageError(
            f"{target} is a queue: only durable subscriptions are dropped",
            f"Empty it: swf-console broker purge {target}",
        )
    with broker_client(settings) as client:
        return _administration(settings, client).drop(target)


def purge(settings: Settings, target: Target) -> list[Removal]:
    """Remove the waiting messages of a queue or of durable subscriptions, which stay."""
    with broker_client(settings) as client:
        return _administration(settings, client).purge(target)


def compact(settings: Settings) -> Compaction:
    """Give the free space in the store's file back to the file system."""
    with broker_client(settings) as client:
        return _administration(settings, client).compact()


def resend(settings: Settings, ids: Sequence[str], to: str = "") -> int:
    """Send dead letters to their original destination, or all to `to`; returns how many."""
    with broker_client(settings) as client:
        return dead_letters.resend(client, ids, to)


def discard(settings: Settings, ids: Sequence[str]) -> int:
    """Remove dead letters for good; returns how many."""
    with broker_client(settings) as client:
        return dead_letters.discard(client, ids)


def dead_letter_ids(settings: Settings) -> list[str]:
    """The ids of the dead letters, the oldest first, as far as a browser sees them."""
    return [one.id for one in browse(settings, Target(DEAD_LETTERS), MOST_BROWSED)]


def _administration(settings: Settings, client: BrokerClient) -> BrokerAdministration:
    if client.is_embedded:
        return EmbeddedAdministration(client, settings.state_dir)

    @contextmanager
    def client_of(client_id: str) -> Iterator[BrokerClient]:
        with broker_client(settings, client_id=client_id) as owner:
            yield owner

    return ActiveMQAdministration(client, settings.state_dir, client_of)
