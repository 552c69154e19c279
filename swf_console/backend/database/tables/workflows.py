"""Tables of the workflow engine: definitions, executions, messages, namespaces, sequences, states."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ..sql.types import BigId, Json, UuidText
from .base import created_at, metadata, timestamp, updated_at

definitions = Table(
    "swf_workflow_definitions",
    metadata,
    Column("id", BigId, Identity(), primary_key=True),
    Column("workflow_name", String(200), nullable=False),
    Column("version", String(50), nullable=False),
    Column("workflow_type", String(100), nullable=False),
    Column("definition", Text, nullable=False),
    Column("parameter_values", Json, nullable=False, default=dict),
    Column("created_by", String(100), nullable=False),
    created_at(),
    updated_at(),
    UniqueConstraint("workflow_name", "version"),
)

executions = Table(
    "swf_workflow_executions",
    metadata,
    Column("execution_id", String(100), primary_key=True),
    Column(
        "workflow_definition_id",
        BigId,
        ForeignKey("swf_workflow_definitions.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    Column("namespace", String(100), index=True),
    Column("parameter_values", Json, nullable=False),
    Column("performance_metrics", Json),
    Column("status", String(50), nullable=False, default="pending"),
    timestamp("start_time"),
    timestamp("end_time", nullable=True),
    Column("executed_by", String(100), nullable=False),
    Column("execution_environment", Json),
    Column("error_message", Text),
    Column("stack_trace", Text),
    Column("owner", String(200)),
    timestamp("lease_expires_at", nullable=True),
    timestamp("stop_requested_at", nullable=True),
)

messages = Table(
    "swf_workflow_messages",
    metadata,
    Column("message_id", UuidText, primary_key=True),
    Column(
        "workflow_id",
        UuidText,
        ForeignKey("swf_stf_workflows.workflow_id", deferrable=True, initially="DEFERRED"),
    ),
    Column(
        "stage_id",
        UuidText,
        ForeignKey("swf_agent_workflow_stages.stage_id", deferrable=True, initially="DEFERRED"),
    ),
    Column("message_type", String(50), nullable=False),
    Column("request_id", Integer),
    Column("sender_agent", String(100)),
    Column("sender_type", String(20)),
    Column("recipient_agent", String(100)),
    Column("recipient_type", String(20)),
    Column("namespace", String(100), index=True),
    Column("execution_id", String(100), index=True),
    Column("run_id", String(50), index=True),
    Column("message_content", Json, nullable=False),
    Column("message_metadata", Json),
    timestamp("sent_at"),
    timestamp("delivered_at", nullable=True),
    timestamp("acknowledged_at", nullable=True),
    Column("is_successful", Boolean),
    Column("error_message", Text),
    Column("queue_name", String(100)),
    Column("correlation_id", String(100)),
)

namespaces = Table(
    "swf_namespace",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("metadata", Json),
    created_at(),
    updated_at(),
)

persistent_state = Table(
    "swf_persistent_state",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("state_data", Json, nullable=False, default=dict),
    updated_at(),
)

runs = Table(
    "swf_runs",
    metadata,
    Column("run_id", Integer, Identity(), primary_key=True),
    Column("run_number", Integer, nullable=False, unique=True),
    timestamp("start_time"),
    timestamp("end_time", nullable=True),
    Column("run_conditions", Json),
)

run_states = Table(
    "swf_run_state",
    metadata,
    Column("run_number", Integer, primary_key=True, autoincrement=False),
    Column("phase", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("substate", String(20)),
    Column("target_worker_count", Integer, nullable=False),
    Column("active_worker_count", Integer, nullable=False, default=0),
    Column("stf_samples_received", Integer, nullable=False, default=0),
    Column("slices_created", Integer, nullable=False, default=0),
    Column("slices_queued", Integer, nullable=False, default=0),
    Column("slices_processing", Integer, nullable=False, default=0),
    Column("slices_completed", Integer, nullable=False, default=0),
    Column("slices_failed", Integer, nullable=False, default=0),
    timestamp("state_changed_at"),
    updated_at(),
    Column("metadata", Json),
)

state_events = Table(
    "swf_system_state_events",
    metadata,
    Column("event_id", Integer, Identity(), primary_key=True),
    timestamp("timestamp", index=True),
    Column("run_number", Integer, nullable=False, index=True),
    Column("event_type", String(50), nullable=False, index=True),
    Column("state", String(20), nullable=False, index=True),
    Column("substate", String(20), index=True),
    Column("event_data", Json, nullable=False),
)
