"""The state of a run in fast processing: its numbers of samples, slices and workers."""

from ..backend.database.run_counters import ensure, expect
from ..backend.database.runs import is_new_event as is_news

__all__ = ["ensure", "expect", "is_news"]
