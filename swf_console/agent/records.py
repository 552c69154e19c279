"""Rows of the database as data: what the functions of the modules beside this one take and give."""

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
