"""What a broker holds as rows of the list: durable subscriptions, queues, topics; and messages as rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from ...backend.core.format import clock, since, size
from ...backend.core.sanitize import brief
from ...backend.services.broker.records import NEARLY_FULL, DestinationStatus, DurableSubscription
from ...backend.services.broker.target import Target
from ...widgets.semantic_colors import SemanticColor
from ...widgets.symbols import symbol
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell
from ...widgets.table.short_list import Item

if TYPE_CHECKING:
    from ...backend.services.broker.records import BrokerContents, WaitingMessage
    from ...viewmodels.broker.monitor import BrokerSnapshot

COLUMNS = (
    Column("symbol", "", 1),
    Column("name", "NAME", 36, least=24, grows=True),
    Column("messages", "MESSAGES", 9, right=True),
    Column("oldest", "OLDEST", 6, right=True),
    Column("size", "SIZE", 8, right=True),
    Column("clients", "CLIENTS", 7, right=True),
    Column("note", "NOTE", 30, least=8, grows=True),
)
MESSAGE_COLUMNS = (
    Column("sent", "SENT", 14),
    Column("type", "TYPE", 16, least=10),
    Column("size", "SIZE", 8, right=True),
    Column("text", "TEXT", 40, least=20, grows=True),
)
LETTER_COLUMNS = (
    Column("sent", "SENT", 14),
    Column("type", "TYPE", 16, least=10),
    Column("destination", "SENT TO", 34, least=14),
    Column("cause", "CAUSE", 40, least=20, grows=True),
)
BODY_SHOWN = 300
MOST_ROWS = 1000  # of each kind; a list is made anew every two seconds

T = TypeVar("T")


def broker_items(contents: "BrokerContents") -> Iterator[Item]:
    """The rows under their headings: what has a backlog and no client comes first."""
    subscriptions = sorted(
        contents.subscriptions, key=lambda one: (one.active, -(one.messages or 0), one.client_id, one.name)
    )
    queues = sorted(contents.queues, key=lambda one: (-(one.messages or 0), one.destination))
    topics = sorted(contents.topics, key=lambda one: one.destination)
    yield from _section("Durable subscriptions", subscriptions, _subscription_item)
    yield from _section("Queues", queues, _destination_item)
    yield from _section("Topics", topics, _destination_item)


def _section(title: str, found: Sequence[T], item_of: Callable[[T], Item]) -> Iterator[Item]:
    more = f", the first {MOST_ROWS:,}" if len(found) > MOST_ROWS else ""
    yield Item(title, (Cell(f"{title}: {len(found):,}{more}"),), heading=True)
    yield from map(item_of, found[:MOST_ROWS])


def target_of_row(value: object) -> Target | None:
    """What the row is, for a command; None for a topic and a heading."""
    if isinstance(value, DurableSubscription):
        return Target(client_id=value.client_id, name=value.name)
    if isinstance(value, DestinationStatus) and value.is_queue:
        return Target(value.destination)
    return None


def summary(snapshot: "BrokerSnapshot") -> tuple[str, SemanticColor]:
    """Broker and store in one line."""
    contents, store = snapshot.contents, snapshot.contents.store
    text = f"{contents.server} at {contents.place}"
    if store is None:
        return text, "plain"
    used = f"{text} · store {size(store.bytes)} of {size(store.limit_bytes)} ({store.fraction:.0%})"
    if store.disk_free_bytes is not None:
        used += f" · {size(store.disk_free_bytes)} free on its disk"
    if store.refusal:
        return f"{used} · REFUSES: {brief(store.refusal, 200)}", "bad"
    return used, "watch" if store.fraction > NEARLY_FULL else "plain"


def message_item(message: "WaitingMessage", letter: bool) -> Item:
    """A message as a row."""
    start = (Cell(clock(message.sent_at)), Cell(brief(message.msg_type or "-", 40)))
    if letter:
        rest = (
            Cell(brief(message.original_destination or "-", 120)),
            Cell(brief(message.cause or "-", BODY_SHOWN)),
        )
    else:
        rest = (Cell(_short(message.size)), Cell(brief(message.body, BODY_SHOWN)))
    return Item(message.id, (*start, *rest), message)


def _subscription_item(one: DurableSubscription) -> Item:
    waits = not one.active and bool(one.messages)
    color: SemanticColor = "bad" if one.is_full else "watch" if waits else "ok" if one.active else "unknown"
    note = ", ".join(brief(part, 120) for part in (one.destination, one.agent, one.selector) if part)
    cells = (
        Cell(symbol(color), color),
        Cell(f"{brief(one.client_id, 120)} {brief(one.name, 120)}"),
        Cell(_count(one.messages), "watch" if waits else "plain"),
        Cell(since(one.oldest_at)),
        _size(one.bytes, one.is_full),
        Cell("1" if one.active else "none", "plain" if one.active else "watch"),
        Cell(note, "unknown"),
    )
    return Item(f"{one.client_id}\0{one.name}", cells, one)


def _destination_item(one: DestinationStatus) -> Item:
    color: SemanticColor = (
        "bad" if one.is_full else "watch" if one.messages and not one.consumers else "plain"
    )
    sent = f"{one.enqueued:,} sent" if one.enqueued is not None else ""
    expired = f"{one.expired:,} expired" if one.expired else ""
    in_flight = f"{one.in_flight:,} in flight" if one.in_flight else ""
    cells = (
        Cell(symbol(color) if color != "plain" else " ", color),
        Cell(brief(one.destination, 200)),
        Cell(_count(one.messages) if one.is_queue else "-"),
        Cell(since(one.oldest_at)),
        _size(one.bytes, one.is_full) if one.is_queue else Cell("-"),
        Cell(_count(one.consumers)),
        Cell(", ".join(part for part in (in_flight, expired, sent) if part), "unknown"),
    )
    return Item(one.destination, cells, one)


def _size(used: int | None, full: bool) -> Cell:
    if full:
        return Cell("FULL", "bad")
    return Cell("?" if used is None else _short(used))


def _short(count: int) -> str:
    return size(count).replace(" bytes", " B")


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"
