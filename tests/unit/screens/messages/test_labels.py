"""The head of the Messages screen."""

from dataclasses import replace

from swf_console.screens.messages.labels import counts_label
from swf_console.viewmodels.messages.buffer import BufferCounters

COUNTERS = BufferCounters(
    total=10, buffered=10, shown=5, dropped=0, rate=0, other_rate=0, last_at=None, complete=True
)


def test_counts_label_hidden_messages_of_other_namespaces_are_counted() -> None:
    hidden = replace(COUNTERS, hidden=1234)
    assert "1,234 hidden in other namespaces" in counts_label(hidden, 0, [], 160).plain
    assert "1,234 hidden" in counts_label(hidden, 0, [], 80).plain
    assert "hidden" not in counts_label(COUNTERS, 0, [], 160).plain
