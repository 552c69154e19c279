"""Tables of the processing chain: STF files, their workflows and stages, TF samples, slices, workers."""

import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ..sql.types import BigId, Json, UuidText
from .base import created_at, meta_index, metadata, timestamp, updated_at


def _uuid4() -> str:
    return str(uuid.uuid4())


def _child_of(name: str, target: str, kind: Any) -> Column[Any]:
    parent = ForeignKey(target, deferrable=True, initially="DEFERRED")
    return Column(name, kind, parent, nullable=False, index=True)


stf_files = Table(
    "swf_stf_files",
    metadata,
    Column("file_id", UuidText, primary_key=True, default=_uuid4),
    _child_of("run_id", "swf_runs.run_id", Integer),
    Column("machine_state", String(64), nullable=False, default="physics"),
    Column("stf_filename", String(255), nullable=False, unique=True),
    Column("file_size_bytes", BigInteger),
    Column("checksum", String(64)),
    created_at(),
    Column("status", String(20), nullable=False, default="registered"),
    Column("metadata", Json),
    Column("workflow_id", UuidText, index=True),
    Column("daq_state", String(20)),
    Column("daq_substate", String(20)),
    Column("workflow_status", String(30)),
    Column("tf_count", Integer),
)

fastmon_files = Table(
    "swf_fastmon_files",
    metadata,
    Column("tf_file_id", UuidText, primary_key=True, default=_uuid4),
    _child_of("stf_file_id", "swf_stf_files.file_id", UuidText),
    Column("tf_filename", String(255), nullable=False, unique=True),
    Column("file_size_bytes", BigInteger),
    Column("checksum", String(64)),
    Column("status", String(20), nullable=False, default="registered"),
    Column("metadata", Json),
    created_at(),
    updated_at(),
    Column("tf_count", Integer),
    Column("tf_first", Integer),
    Column("tf_last", Integer),
)

tf_slices = Table(
    "swf_tf_slices",
    metadata,
    Column("id", BigId, Identity(), primary_key=True),
    _child_of("fastmon_file_id", "swf_fastmon_files.tf_file_id", UuidText),
    Column("slice_id", Integer, nullable=False),
    Column("tf_first", Integer, nullable=False),
    Column("tf_last", Integer, nullable=False),
    Column("tf_count", Integer, nullable=False),
    Column("run_number", Integer, nullable=False, index=True),
    Column("status", String(20), nullable=False, default="queued"),
    Column("retries", Integer, nullable=False, default=0),
    Column("metadata", Json),
    created_at(),
    updated_at(),
    Column("assigned_worker", String(255)),
    timestamp("assigned_at", nullable=True),
    timestamp("completed_at", nullable=True),
    Index(None, "run_number", "status"),
    Index("swf_tf_slic_fastmon_status_idx", "fastmon_file_id", "status"),
    Index(None, "status", "created_at"),
    UniqueConstraint("fastmon_file_id", "slice_id"),
)

workers = Table(
    "swf_workers",
    metadata,
    Column("worker_id", String(255), primary_key=True),
    Column("run_number", Integer, nullable=False, index=True),
    Column("panda_job", String(255), nullable=False),
    Column("location", String(255), nullable=False),
    Column("status", String(20), nullable=False),
    Column("current_slice_id", Integer),
    Column("tf_filename", String(255)),
    Column("slices_completed", Integer, nullable=False, default=0),
    timestamp("last_heartbeat", nullable=True),
    timestamp("started_at"),
    timestamp("ended_at", nullable=True),
    Column("metadata", Json),
    Index(None, "run_number", "status"),
)

stf_workflows = Table(
    "swf_stf_workflows",
    metadata,
    Column("workflow_id", UuidText, primary_key=True, default=_uuid4),
    Column("filename", String(255), nullable=False, unique=True),
    Column("file_id", UuidText),
    Column("namespace", String(100), index=True),
    Column("execution_id", String(100), index=True),
    Column("run_id", String(50), index=True),
    Column("daq_state", String(20), nullable=False),
    Column("daq_substate", String(20), nullable=False),
    timestamp("generated_time"),
    timestamp("stf_start_time"),
    timestamp("stf_end_time"),
    Column("current_status", String(30), nullable=False, default="generated"),
    Column("current_agent", String(20), nullable=False, default="daqsim"),
    timestamp("completed_at", nullable=True),
    timestamp("failed_at", nullable=True),
    Column("failure_reason", Text),
    Column("stf_metadata", Json),
    created_at(),
    updated_at(),
    Index(None, "current_status", "generated_time"),
    Index(None, "daq_state", "daq_substate"),
    Index(meta_index("swf_stf_workflows", "current_agent"), "current_agent"),
    Index(None, "namespace", "execution_id"),
    Index(None, "namespace", "run_id"),
)

stages = Table(
    "swf_agent_workflow_stages",
    metadata,
    Column("stage_id", UuidText, primary_key=True, default=_uuid4),
    _child_of("workflow_id", "swf_stf_workflows.workflow_id", UuidText),
    Column("agent_name", String(100), nullable=False),
    Column("agent_type", String(20), nullable=False),
    Column("status", String(30), nullable=False, default="generated"),
    timestamp("received_at", nullable=True),
    timestamp("started_at", nullable=True),
    timestamp("completed_at", nullable=True),
    timestamp("failed_at", nullable=True),
    Column("processing_time_seconds", Float(53)),
    Column("failure_reason", Text),
    Column("input_message", Json),
    Column("output_message", Json),
    Column("stage_metadata", Json),
    created_at(),
    updated_at(),
    Index(None, "workflow_id", "agent_type"),
    Index(None, "agent_name", "status"),
    Index(meta_index("swf_agent_workflow_stages", "received_at"), "received_at"),
    UniqueConstraint("workflow_id", "agent_name", "agent_type"),
)
