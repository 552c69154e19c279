"""Rows of the database as data: arguments and results of the functions of these modules."""

from ..backend.database.records.processing import (
    NewFastmonFile,
    NewStfFile,
    NewStfWorkflow,
    NewTfSlice,
    Retry,
    SliceResult,
    SliceStart,
    StageWork,
    WorkerBeat,
)
from ..backend.database.records.workflows import RunState, StateEvent

__all__ = [
    "NewFastmonFile",
    "NewStfFile",
    "NewStfWorkflow",
    "NewTfSlice",
    "Retry",
    "RunState",
    "SliceResult",
    "SliceStart",
    "StageWork",
    "StateEvent",
    "WorkerBeat",
]
