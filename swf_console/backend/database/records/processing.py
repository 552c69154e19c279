"""Rows of the processing chain, frozen; times are aware UTC, ids UUID text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewStfFile:
    """An STF to register; the name is its key."""

    stf_filename: str
    run_number: int
    started_at: datetime
    file_size_bytes: int | None = None
    checksum: str | None = None
    machine_state: str = "physics"
    daq_state: str | None = "run"
    daq_substate: str | None = "physics"
    tf_count: int | None = None
    metadata: dict[str, Any] | None = None
    run_conditions: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StfFile:
    """A registered STF; `run_id` is the key of its row in the table of runs."""

    file_id: str
    run_id: int
    stf_filename: str
    status: str
    machine_state: str
    file_size_bytes: int | None
    checksum: str | None
    created_at: datetime
    metadata: dict[str, Any] | None
    workflow_id: str | None
    workflow_status: str | None
    daq_state: str | None
    daq_substate: str | None
    tf_count: int | None


@dataclass(frozen=True, slots=True)
class NumberedStfFile(StfFile):
    """A registered STF with the number of its run."""

    run_number: int


@dataclass(frozen=True, slots=True)
class StfFilter:
    """All given conditions must hold; `since` and `until` are bounds of the creation of the row."""

    run_number: int | None = None
    status: str | None = None
    machine_state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewStfWorkflow:
    """The processing state of one STF to store; the file name is its key."""

    filename: str
    generated_time: datetime
    stf_start_time: datetime
    stf_end_time: datetime
    namespace: str | None = None
    execution_id: str | None = None
    run_id: str | None = None
    daq_state: str = "run"
    daq_substate: str = "physics"
    stf_metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StfWorkflow:
    """The processing state of one STF."""

    workflow_id: str
    filename: str
    file_id: str | None
    namespace: str | None
    execution_id: str | None
    run_id: str | None
    current_status: str
    current_agent: str
    generated_time: datetime
    completed_at: datetime | None
    failed_at: datetime | None
    failure_reason: str | None
    stf_metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class StageWork:
    """The work of one agent on one STF. `last` completes the STF; `seconds` is the processing time."""

    filename: str
    agent_name: str
    agent_type: str
    received_at: datetime
    input_message: dict[str, Any] | None = None
    output_message: dict[str, Any] | None = None
    seconds: float | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """The stored stage of one agent in the processing of an STF."""

    stage_id: str
    workflow_id: str
    agent_name: str
    agent_type: str
    status: str
    received_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    failed_at: datetime | None
    processing_time_seconds: float | None
    failure_reason: str | None
    input_message: dict[str, Any] | None
    output_message: dict[str, Any] | None
    stage_metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class NewFastmonFile:
    """A TF sample to register; the name is its key. `tf_last` is its last TF."""

    tf_filename: str
    stf_filename: str
    tf_first: int
    tf_last: int
    tf_count: int
    file_size_bytes: int | None = None
    checksum: str | None = None
    status: str = "registered"
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FastmonFile:
    """A registered TF sample."""

    tf_file_id: str
    stf_file_id: str
    tf_filename: str
    tf_first: int | None
    tf_last: int | None
    tf_count: int | None
    file_size_bytes: int | None
    checksum: str | None
    status: str
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NamedFastmonFile(FastmonFile):
    """A registered TF sample with the name of its STF and the number of its run."""

    stf_filename: str
    run_number: int


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
class TfSlice:
    """A slice of a TF sample; `fastmon_file` and `stf_filename` are the names of its sample and STF."""

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
class SliceFilter:
    """All given conditions must hold; `tf_filename` is the name of a TF sample, `id` that of the row.

    `since` and `until` are bounds of the creation of the row.
    """

    run_number: int | None = None
    stf_filename: str | None = None
    tf_filename: str | None = None
    status: str | None = None
    assigned_worker: str | None = None
    id: int | None = None
    fastmon_file_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SliceStart:
    """A worker has started a slice; (fastmon_file, slice_id) is its key."""

    fastmon_file: str
    slice_id: int
    worker: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SliceResult:
    """The report of a worker on a slice. `identity` separates several failures of one slice."""

    fastmon_file: str
    slice_id: int
    identity: str
    worker: str
    started_at: datetime | None
    ended_at: datetime
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed slice to retry; the first retry is attempt 1."""

    run_number: int
    tf_first: int
    tf_last: int
    tf_count: int
    attempt: int
    metadata: dict[str, Any]


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
class WorkerBeat:
    """The heartbeat of a worker; without a slice it is idle."""

    worker_id: str
    status: str
    at: datetime
    slice_id: int | None = None
    tf_filename: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Workers of a run that `owner`, a process on `location`, claims from `at` on."""

    run_number: int
    worker_ids: Sequence[str]
    owner: str
    location: str
    at: datetime
    metadata: dict[str, Any]
