"""Rows of the database as data: what the functions of the modules beside this one take and give."""

from ..backend.database.processing_records import NewFastmonFile, NewStfFile, NewStfWorkflow, StageWork
from ..backend.database.records import RunState, StateEvent
from ..backend.database.report_records import NewTfSlice
from ..backend.database.slice_records import Retry, SliceResult, SliceStart, WorkerBeat

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
