"""The state of a run that is processed: how many samples, slices and workers it has."""

from ..backend.database.run_counters import ensure, expect
from ..backend.database.runs import is_new_event as is_news

__all__ = ["ensure", "expect", "is_news"]
