"""The texts of the Messages screen: head, empty list, outage."""

import shlex
from datetime import UTC, datetime

from textual.content import Content

from ...backend.core.format import short_age
from ...backend.core.sanitize import brief
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ...viewmodels.messages.buffer import BufferCounters
from ...widgets.key_labels import with_keys
from ...widgets.semantic_colors import STYLES
from ...widgets.symbols import sparkline, symbol
from ...widgets.tail.row import MessageRow
from ..base.outages import outage

SPARK = 20
NARROW_SPARK = 10
WIDE = 140
NEXT_STEPS = (
    "{launch} runs a workflow; {messages.everywhere} shows all namespaces; {tail.first} loads history."
)


def mode_label(*, following: bool, unseen: int) -> Content:
    """Following or paused, with the number of new messages."""
    if following:
        return Content.styled(f"{symbol('ok')} FOLLOW", STYLES["ok"])
    words = f"{unseen:,} new" if unseen else "no new messages"
    return Content.styled(f"{symbol('watch')} PAUSED, {words}", STYLES["watch"])


def counts_label(counters: BufferCounters, dropped: int, rates: list[int], width: int) -> Content:
    """Rates, buffered and dropped messages."""
    spark = sparkline(rates, SPARK if width >= 100 else NARROW_SPARK)
    parts = [Content.assemble((f"{counters.rate:,.0f}/s ", "bold"), (spark, STYLES["busy"]))]
    if not counters.complete:
        parts.append(Content.styled("filtering…", STYLES["busy"]))
    if width >= 100:
        parts.append(Content(f"{counters.buffered:,} in buffer"))
        if counters.dropped:
            parts.append(Content.styled(f"{counters.dropped:,} removed from buffer", STYLES["unknown"]))
    if counters.hidden:
        where = " in other namespaces" if width >= WIDE else ""
        parts.append(Content.styled(f"{counters.hidden:,} hidden{where}", STYLES["watch"]))
    parts.append(Content.styled(f"{dropped:,} dropped", STYLES["bad"] if dropped else STYLES["unknown"]))
    return Content("  ").join(parts)


def types_label(types: list[tuple[str, int]]) -> Content:
    """The number of messages by type, most frequent first."""
    if not types:
        return Content.styled(" no messages since the console was started", STYLES["unknown"])
    parts = [Content.assemble(brief(name, 40), " ", (f"{count:,}", "bold")) for name, count in types[:30]]
    return Content.assemble(" ", Content.styled(" · ", STYLES["unknown"]).join(parts))


def stale_text(connection: ConnectionStatus) -> str:
    """Why no messages arrive, since when, and the next attempt; empty while connected."""
    if connection.state is Connectivity.UP:
        return f"The broker refused the subscription: {connection.error}" if connection.error else ""
    return outage(connection) or "Connecting to the broker ..."


def empty_text(
    counters: BufferCounters, connection: ConnectionStatus, filter_text: str, namespace: str | None
) -> tuple[str, ...]:
    """Why the list is empty, with proof that the connection works, and what to do."""
    where = f" in {namespace}" if namespace else ""
    what = f"No messages match {filter_text}{where}." if filter_text else f"No messages{where} yet."
    if stale_text(connection):
        history = with_keys("{tail.first} loads history.")
        return what, "No messages arrive until the broker answers.", history
    clear = "{messages.back} clears the filter."
    return what, _connection_text(counters, connection), with_keys(clear if filter_text else NEXT_STEPS)


def _connection_text(counters: BufferCounters, connection: ConnectionStatus) -> str:
    age = connection.up_for()
    parts = [f"Connected {short_age(age)} ago" if age is not None else "Connected"]
    if counters.last_at is None:
        parts.append("no messages received since")
    else:
        parts.append(f"last message {short_age(datetime.now(UTC).timestamp() - counters.last_at)} ago")
    parts.append(f"{counters.other_rate:,.0f}/s in other namespaces")
    return ", ".join(parts) + "."


def tail_command(filter_text: str) -> str:
    """The command line that shows the same."""
    words = ["swf-console", "messages", "tail", *([filter_text] if filter_text else [])]
    return " ".join(shlex.quote(word) for word in words)


def row_text(row: MessageRow) -> str:
    """A message on one line, for copying."""
    return f"{row.at.isoformat()} {row.msg_type or '-'} {row.run_id or '-'} {row.sender or '-'} {row.body}"
