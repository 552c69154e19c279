"""Rows of the processing chain as they cross the door: frozen dataclasses, times aware UTC, ids UUID text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewStfFile:
    """An STF to register; its name is its key."""

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


@dataclass(frozen=True, slots=True)
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
class NewStfWorkflow:
    """The way of one STF through the agents; its file name is its key."""

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
    """The way of one STF as far as it has come."""

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
    """The part that one agent has in the way of one STF; `last` ends that way. `seconds` it took."""

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
    """What an agent did with an STF, and when."""

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
    """A TF sample to register; its name is its key. `tf_last` is the last TF in it."""

    tf_filename: str
    stf_filename: str
    tf_first: int
    tf_last: int
    tf_count: int
    file_size_bytes: int | None = None
    checksum: str | None = None
    status: str = "registered"
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
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
