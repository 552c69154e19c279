"""What becomes of slices, as it crosses the door: frozen dataclasses, times aware UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class SliceStart:
    """A worker has begun a slice; (fastmon_file, slice_id) is the slice's key."""

    fastmon_file: str
    slice_id: int
    worker: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SliceResult:
    """What a worker says of a slice. `identity` tells one failure of a slice from the next."""

    fastmon_file: str
    slice_id: int
    identity: str
    worker: str
    started_at: datetime | None
    ended_at: datetime
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """A slice that failed and is to be tried again; the first retry is attempt 1."""

    run_number: int
    tf_first: int
    tf_last: int
    tf_count: int
    attempt: int
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkerBeat:
    """What a worker is doing; without a slice it waits for one."""

    worker_id: str
    status: str
    at: datetime
    slice_id: int | None = None
    tf_filename: str | None = None
