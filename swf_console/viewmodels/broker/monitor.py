"""What the broker holds, read again and again."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ...backend.services.broker.operations import contents
from ...backend.services.broker.problems import BrokerProblem, problems_of
from ...backend.services.broker.records import BrokerContents
from ..context import ConsoleContext


@dataclass(frozen=True, slots=True)
class BrokerSnapshot:
    """The contents of the broker, and what of them needs the operator."""

    contents: BrokerContents
    problems: tuple[BrokerProblem, ...]


def broker_snapshot(context: ConsoleContext) -> BrokerSnapshot:
    """Read it; blocks, an ActiveMQ for more than a second. Raises BrokerUnreachable."""
    found = contents(context.settings)
    return BrokerSnapshot(found, tuple(problems_of(found, datetime.now(UTC))))
