"""Slices, workers and others as reports on them cross the door: frozen dataclasses, times aware UTC."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .processing_records import FastmonFile, StfFile


@dataclass(frozen=True, slots=True)
class TfSlice:
    """A slice of a TF sample; `fastmon_file` and `stf_filename` are the names of what it was cut from."""

    id: int
    fastmon_file_id: str
    fastmon_file: str
    stf_filename: str
    slice_id: int
    tf_first: int
    tf_last: int
    tf_count: int
    run_number: int
    status: str
    retries: int
    metadata: dict[str, Any] | None
    assigned_worker: str | None
    assigned_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewTfSlice:
    """A slice to store; (fastmon_file, slice_id) is its key."""

    fastmon_file: str
    slice_id: int
    tf_first: int
    tf_last: int
    tf_count: int
    run_number: int
    status: str = "queued"
    retries: int = 0
    metadata: dict[str, Any] | None = None
    assigned_worker: str | None = None
    assigned_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that processes slices."""

    worker_id: str
    run_number: int
    panda_job: str
    location: str
    status: str
    current_slice_id: int | None
    tf_filename: str | None
    slices_completed: int
    last_heartbeat: datetime | None
    started_at: datetime
    ended_at: datetime | None
    metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who follows a destination."""

    subscriber_id: int
    subscriber_name: str
    fraction: float | None
    description: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NumberedStfFile(StfFile):
    """A registered STF with the number of its run."""

    run_number: int


@dataclass(frozen=True, slots=True)
class NamedFastmonFile(FastmonFile):
    """A registered TF sample with the name of its STF and the number of its run."""

    stf_filename: str
    run_number: int
