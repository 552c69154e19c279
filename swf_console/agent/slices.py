"""Messages about TF slices between the fast processing agent and the workers; rows: `tf_slices`."""

from ..backend.agent.processing.slices import (
    SLICES_PER_SAMPLE,
    Outcome,
    Sample,
    Slice,
    cut,
    inner,
    outcome,
    registered,
    result_message,
    slice_message,
    taken,
)
from ..backend.core.destinations import RESULTS_QUEUE, SLICES_QUEUE, WORKERS_TOPIC

__all__ = [
    "RESULTS_QUEUE",
    "SLICES_PER_SAMPLE",
    "SLICES_QUEUE",
    "WORKERS_TOPIC",
    "Outcome",
    "Sample",
    "Slice",
    "cut",
    "inner",
    "outcome",
    "registered",
    "result_message",
    "slice_message",
    "taken",
]
