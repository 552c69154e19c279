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
NEXT_STEPS = (
    "{launch} runs a workflow; {messages.everywhere} shows all namespaces; {tail.first} reads the past."
)


def mode_label(*, following: bool, waiting: int) -> Content:
    """Following or paused, with the number of new messages."""
    if following:
        return Content.styled(f"{symbol('ok')} FOLLOW", STYLES["ok"])
    words = f"{waiting:,} waiting" if waiting else "nothing waits"
    return Content.styled(f"{symbol('watch')} PAUSED {words}", STYLES["watch"])


def counts_label(counters: BufferCounters, dropped: int, rates: list[int], width: int) -> Content:
    """Rates, buffered and dropped messages."""
    spark = sparkline(rates, SPARK if width >= 100 else NARROW_SPARK)
    parts = [Content.assemble((f"{counters.rate:,.0f}/s ", "bold"), (spark, STYLES["busy"]))]
    if not counters.complete:
        parts.append(Content.styled("filtering…", STYLES["busy"]))
    if width >= 100:
        parts.append(Content(f"{counters.buffered:,} kept"))
        if counters.dropped:
            parts.append(Content.styled(f"{counters.dropped:,} only recorded", STYLES["unknown"]))
    parts.append(Content.styled(f"{dropped:,} dropped", STYLES["bad"] if dropped else STYLES["unknown"]))
    return Content("  ").join(parts)


def types_label(types: list[tuple[str, int]]) -> Content:
    """The number of messages by type, most frequent first."""
    if not types:
        return Content.styled(" no messages since the console was opened", STYLES["unknown"])
    parts = [Content.assemble(brief(name, 40), " ", (f"{count:,}", "bold")) for name, count in types[:30]]
    return Content.assemble(" ", Content.styled(" · ", STYLES["unknown"]).join(parts))


def stale_text(pipe: ConnectionStatus) -> str:
    """Why nothing arrives, since when, and when it is tried again; empty while connected."""
    if pipe.state is Connectivity.UP:
        return f"the broker refused the subscription: {pipe.error}" if pipe.error else ""
    return outage(pipe) or "the broker: connecting"


def empty_text(
    counters: BufferCounters, pipe: ConnectionStatus, filter_text: str, namespace: str | None
) -> tuple[str, ...]:
    """Why the list is empty, and what to do."""
    where = f" in {namespace}" if namespace else ""
    what = f"No messages match {filter_text}{where}." if filter_text else f"No messages{where} yet."
    if stale_text(pipe):
        recorded = with_keys("{tail.first} reads what is recorded.")
        return what, "None can come as long as the broker is away.", recorded
    clear = "{messages.back} clears the filter."
    return what, _proof(counters, pipe), with_keys(clear if filter_text else NEXT_STEPS)


def _proof(counters: BufferCounters, pipe: ConnectionStatus) -> str:
    age = pipe.up_for()
    parts = [f"Broker connected {short_age(age)}" if age is not None else "Broker connected"]
    if counters.last_at is None:
        parts.append("no message since")
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
