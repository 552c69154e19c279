"""What a broker holds, as data."""

from dataclasses import dataclass
from datetime import datetime

NEARLY_FULL = 0.8


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """A queue or a topic. What a broker does not tell is None; `oldest_at`: its oldest message was sent."""

    destination: str
    messages: int | None
    consumers: int | None
    bytes: int | None = None
    limit_bytes: int | None = None
    is_full: bool = False
    in_flight: int | None = None
    enqueued: int | None = None
    dequeued: int | None = None
    expired: int | None = None
    oldest_at: datetime | None = None

    @property
    def is_queue(self) -> bool:
        """Whether it is a queue."""
        return self.destination.startswith("/queue/")


@dataclass(frozen=True, slots=True)
class DurableSubscription:
    """A durable subscription; `agent` is the agent of this home that made it, as NAMESPACE@KIND.

    Without an `active` client its messages wait. ActiveMQ does not tell how many these are.
    """

    client_id: str
    name: str
    destination: str
    active: bool
    selector: str = ""
    agent: str = ""
    peer: str = ""
    messages: int | None = None
    bytes: int | None = None
    limit_bytes: int | None = None
    is_full: bool = False
    in_flight: int | None = None
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoreUsage:
    """How full a broker's disk store is. `refusal` says why it takes no persistent message now, if so."""

    bytes: int
    limit_bytes: int
    disk_free_bytes: int | None = None
    refusal: str = ""

    @property
    def fraction(self) -> float:
        """How full, from 0 to 1."""
        return self.bytes / self.limit_bytes if self.limit_bytes else 0.0


@dataclass(frozen=True, slots=True)
class BrokerContents:
    """Everything a broker holds. `notes` say what it does not tell, and where that can be seen."""

    kind: str
    place: str
    server: str
    queues: tuple[DestinationStatus, ...] = ()
    topics: tuple[DestinationStatus, ...] = ()
    subscriptions: tuple[DurableSubscription, ...] = ()
    store: StoreUsage | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message in a queue. `original_destination` and `cause` are known of dead letters."""

    id: str
    destination: str
    sent_at: datetime | None
    msg_type: str
    size: int
    body: str
    headers: dict[str, str]
    original_destination: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed, and how many messages went with it; None where the broker does not tell."""

    target: str
    messages: int | None


@dataclass(frozen=True, slots=True)
class Compaction:
    """The size of the store before and after it was compacted."""

    before_bytes: int
    after_bytes: int
