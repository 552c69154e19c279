"""The tables of version 0001, as they were; in a database of the monitor's own migrations, what it lacks."""

from alembic import op
from sqlalchemy import (
    CHAR,
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB, UUID

from swf_console.backend.database.connection.schema_diff import add_missing

revision = "0001"
down_revision = None
compatible_from = "0001"

# A copy, with every name and type spelled out: the live tables go on changing, this revision must not.
BIG_ID = BigInteger().with_variant(Integer(), "sqlite")
TIME = DateTime(timezone=True)
JSON_DOCUMENT = JSON().with_variant(JSONB(), "postgresql")
UUID_DIGITS = CHAR(32).with_variant(UUID(as_uuid=False), "postgresql")
ADDRESS = String(39).with_variant(INET(), "postgresql")

metadata = MetaData()


def upgrade() -> None:
    """Create missing tables, columns and indexes; rows stay as they are."""
    add_missing(op.get_bind(), metadata)


def _refers(column: str, target: str, name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [target], name=name, deferrable=True, initially="DEFERRED")


def _partial_index(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


Table(
    "swf_applog",
    metadata,
    Column("id", BIG_ID, Identity(), nullable=False),
    Column("app_name", String(100), nullable=False),
    Column("instance_name", String(100), nullable=False),
    Column("timestamp", TIME, nullable=False),
    Column("level", Integer, nullable=False),
    Column("levelname", String(50), nullable=False),
    Column("message", Text, nullable=False),
    Column("module", String(255), nullable=False),
    Column("funcname", String(255), nullable=False),
    Column("lineno", Integer, nullable=False),
    Column("process", Integer, nullable=False),
    Column("thread", BigInteger, nullable=False),
    Column("extra_data", JSON_DOCUMENT),
    PrimaryKeyConstraint("id", name="swf_applog_pkey"),
    Index("swf_applog_app_name_66f0dc0f", "app_name"),
    Index("swf_applog_instance_name_9c1c173c", "instance_name"),
    Index("swf_applog_level_45df2d72", "level"),
    Index("swf_applog_timesta_ad9cbc_idx", "timestamp", "app_name", "instance_name"),
    Index("swf_applog_timestamp_fb0b69c3", "timestamp"),
    Index("swf_logs_app_newest", "app_name", "timestamp"),
    Index("swf_logs_instance_newest", "instance_name", "timestamp"),
)

Table(
    "swf_namespace",
    metadata,
    Column("name", String(100), nullable=False),
    Column("owner", String(100), nullable=False),
    Column("description", Text, nullable=False),
    Column("metadata", JSON_DOCUMENT),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    PrimaryKeyConstraint("name", name="swf_namespace_pkey"),
)

Table(
    "swf_persistent_state",
    metadata,
    Column("id", Integer, Identity(), nullable=False),
    Column("state_data", JSON_DOCUMENT, nullable=False),
    Column("updated_at", TIME, nullable=False),
    PrimaryKeyConstraint("id", name="swf_persistent_state_pkey"),
)

Table(
    "swf_run_state",
    metadata,
    Column("run_number", Integer, autoincrement=False, nullable=False),
    Column("phase", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("substate", String(20)),
    Column("target_worker_count", Integer, nullable=False),
    Column("active_worker_count", Integer, nullable=False),
    Column("stf_samples_received", Integer, nullable=False),
    Column("slices_created", Integer, nullable=False),
    Column("slices_queued", Integer, nullable=False),
    Column("slices_processing", Integer, nullable=False),
    Column("slices_completed", Integer, nullable=False),
    Column("slices_failed", Integer, nullable=False),
    Column("state_changed_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("metadata", JSON_DOCUMENT),
    PrimaryKeyConstraint("run_number", name="swf_run_state_pkey"),
)

Table(
    "swf_runs",
    metadata,
    Column("run_id", Integer, Identity(), nullable=False),
    Column("run_number", Integer, nullable=False),
    Column("start_time", TIME, nullable=False),
    Column("end_time", TIME),
    Column("run_conditions", JSON_DOCUMENT),
    PrimaryKeyConstraint("run_id", name="swf_runs_pkey"),
    UniqueConstraint("run_number", name="swf_runs_run_number_key"),
)

Table(
    "swf_stf_workflows",
    metadata,
    Column("workflow_id", UUID_DIGITS, nullable=False),
    Column("filename", String(255), nullable=False),
    Column("file_id", UUID_DIGITS),
    Column("namespace", String(100)),
    Column("execution_id", String(100)),
    Column("run_id", String(50)),
    Column("daq_state", String(20), nullable=False),
    Column("daq_substate", String(20), nullable=False),
    Column("generated_time", TIME, nullable=False),
    Column("stf_start_time", TIME, nullable=False),
    Column("stf_end_time", TIME, nullable=False),
    Column("current_status", String(30), nullable=False),
    Column("current_agent", String(20), nullable=False),
    Column("completed_at", TIME),
    Column("failed_at", TIME),
    Column("failure_reason", Text),
    Column("stf_metadata", JSON_DOCUMENT),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    PrimaryKeyConstraint("workflow_id", name="swf_stf_workflows_pkey"),
    UniqueConstraint("filename", name="swf_stf_workflows_filename_key"),
    Index("swf_stf_wor_current_2362bd_idx", "current_status", "generated_time"),
    Index("swf_stf_wor_current_b6bc73_idx", "current_agent"),
    Index("swf_stf_wor_daq_sta_d7effc_idx", "daq_state", "daq_substate"),
    Index("swf_stf_wor_namespa_22a7e6_idx", "namespace", "run_id"),
    Index("swf_stf_wor_namespa_e6efb3_idx", "namespace", "execution_id"),
    Index("swf_stf_workflows_execution_id_101eace0", "execution_id"),
    Index("swf_stf_workflows_namespace_f373e34c", "namespace"),
    Index("swf_stf_workflows_run_id_eb2b160c", "run_id"),
)

Table(
    "swf_subscribers",
    metadata,
    Column("subscriber_id", Integer, Identity(), nullable=False),
    Column("subscriber_name", String(255), nullable=False),
    Column("fraction", Float(53)),
    Column("description", Text),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("delivery_type", String(20), nullable=False),
    Column("client_ip", ADDRESS),
    Column("client_location", String(255), nullable=False),
    Column("connected_at", TIME),
    Column("disconnected_at", TIME),
    Column("last_activity", TIME),
    Column("message_filters", JSON_DOCUMENT, nullable=False),
    Column("messages_received", Integer, nullable=False),
    Column("messages_sent", Integer, nullable=False),
    Column("messages_dropped", Integer, nullable=False),
    PrimaryKeyConstraint("subscriber_id", name="swf_subscribers_pkey"),
    UniqueConstraint("subscriber_name", name="swf_subscribers_subscriber_name_key"),
    Index("swf_subscri_deliver_1836c2_idx", "delivery_type", "is_active"),
)

Table(
    "swf_system_state_events",
    metadata,
    Column("event_id", Integer, Identity(), nullable=False),
    Column("timestamp", TIME, nullable=False),
    Column("run_number", Integer, nullable=False),
    Column("event_type", String(50), nullable=False),
    Column("state", String(20), nullable=False),
    Column("substate", String(20)),
    Column("event_data", JSON_DOCUMENT, nullable=False),
    PrimaryKeyConstraint("event_id", name="swf_system_state_events_pkey"),
    Index("swf_state_events_run_order", "run_number", "timestamp", "event_id"),
    Index("swf_system__timesta_12647a_idx", "timestamp", "run_number"),
    Index("swf_system_state_events_event_type_e0d9fd67", "event_type"),
    Index("swf_system_state_events_run_number_ec8a21e7", "run_number"),
    Index("swf_system_state_events_state_fe4ff0e9", "state"),
    Index("swf_system_state_events_substate_62dc981d", "substate"),
    Index("swf_system_state_events_timestamp_54e337bf", "timestamp"),
)

Table(
    "swf_systemagent",
    metadata,
    Column("id", BIG_ID, Identity(), nullable=False),
    Column("instance_name", String(100), nullable=False),
    Column("agent_type", String(20), nullable=False),
    Column("description", Text, nullable=False),
    Column("status", String(10), nullable=False),
    Column("last_heartbeat", TIME),
    Column("agent_url", String(200)),
    Column("workflow_enabled", Boolean, nullable=False),
    Column("current_stf_count", Integer, nullable=False),
    Column("total_stf_processed", Integer, nullable=False),
    Column("last_stf_processed", TIME),
    Column("pid", Integer),
    Column("hostname", String(100)),
    Column("operational_state", String(20), nullable=False),
    Column("namespace", String(100)),
    Column("metadata", JSON_DOCUMENT),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    PrimaryKeyConstraint("id", name="swf_systemagent_pkey"),
    UniqueConstraint("instance_name", name="swf_systemagent_instance_name_key"),
    Index("swf_systemagent_namespace_095b5b2c", "namespace"),
)

Table(
    "swf_workers",
    metadata,
    Column("worker_id", String(255), nullable=False),
    Column("run_number", Integer, nullable=False),
    Column("panda_job", String(255), nullable=False),
    Column("location", String(255), nullable=False),
    Column("status", String(20), nullable=False),
    Column("current_slice_id", Integer),
    Column("tf_filename", String(255)),
    Column("slices_completed", Integer, nullable=False),
    Column("last_heartbeat", TIME),
    Column("started_at", TIME, nullable=False),
    Column("ended_at", TIME),
    Column("metadata", JSON_DOCUMENT),
    PrimaryKeyConstraint("worker_id", name="swf_workers_pkey"),
    Index("swf_workers_run_num_e495fa_idx", "run_number", "status"),
    Index("swf_workers_run_number_e9d22704", "run_number"),
)

Table(
    "swf_workflow_definitions",
    metadata,
    Column("id", BIG_ID, Identity(), nullable=False),
    Column("workflow_name", String(200), nullable=False),
    Column("version", String(50), nullable=False),
    Column("workflow_type", String(100), nullable=False),
    Column("definition", Text, nullable=False),
    Column("parameter_values", JSON_DOCUMENT, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    PrimaryKeyConstraint("id", name="swf_workflow_definitions_pkey"),
    UniqueConstraint(
        "workflow_name", "version", name="swf_workflow_definitions_workflow_name_version_c54e03fa_uniq"
    ),
)

Table(
    "swf_agent_workflow_stages",
    metadata,
    Column("stage_id", UUID_DIGITS, nullable=False),
    Column("workflow_id", UUID_DIGITS, nullable=False),
    Column("agent_name", String(100), nullable=False),
    Column("agent_type", String(20), nullable=False),
    Column("status", String(30), nullable=False),
    Column("received_at", TIME),
    Column("started_at", TIME),
    Column("completed_at", TIME),
    Column("failed_at", TIME),
    Column("processing_time_seconds", Float(53)),
    Column("failure_reason", Text),
    Column("input_message", JSON_DOCUMENT),
    Column("output_message", JSON_DOCUMENT),
    Column("stage_metadata", JSON_DOCUMENT),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    PrimaryKeyConstraint("stage_id", name="swf_agent_workflow_stages_pkey"),
    UniqueConstraint(
        "workflow_id",
        "agent_name",
        "agent_type",
        name="swf_agent_workflow_stage_workflow_id_agent_name_a_fc327599_uniq",
    ),
    _refers(
        "workflow_id",
        "swf_stf_workflows.workflow_id",
        "swf_agent_workflow_s_workflow_id_060467ec_fk_swf_stf_w",
    ),
    Index("swf_agent_w_agent_n_998699_idx", "agent_name", "status"),
    Index("swf_agent_w_receive_6c232f_idx", "received_at"),
    Index("swf_agent_w_workflo_2375d6_idx", "workflow_id", "agent_type"),
    Index("swf_agent_workflow_stages_workflow_id_060467ec", "workflow_id"),
)

Table(
    "swf_stf_files",
    metadata,
    Column("file_id", UUID_DIGITS, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("machine_state", String(64), nullable=False),
    Column("stf_filename", String(255), nullable=False),
    Column("file_size_bytes", BigInteger),
    Column("checksum", String(64)),
    Column("created_at", TIME, nullable=False),
    Column("status", String(20), nullable=False),
    Column("metadata", JSON_DOCUMENT),
    Column("workflow_id", UUID_DIGITS),
    Column("daq_state", String(20)),
    Column("daq_substate", String(20)),
    Column("workflow_status", String(30)),
    Column("tf_count", Integer),
    PrimaryKeyConstraint("file_id", name="swf_stf_files_pkey"),
    UniqueConstraint("stf_filename", name="swf_stf_files_stf_filename_key"),
    _refers("run_id", "swf_runs.run_id", "swf_stf_files_run_id_9a2165d5_fk_swf_runs_run_id"),
    Index("swf_stf_files_run_id_9a2165d5", "run_id"),
    Index("swf_stf_files_workflow_id_055cc696", "workflow_id"),
)

Table(
    "swf_workflow_executions",
    metadata,
    Column("execution_id", String(100), nullable=False),
    Column("workflow_definition_id", BIG_ID, nullable=False),
    Column("namespace", String(100)),
    Column("parameter_values", JSON_DOCUMENT, nullable=False),
    Column("performance_metrics", JSON_DOCUMENT),
    Column("status", String(50), nullable=False),
    Column("start_time", TIME, nullable=False),
    Column("end_time", TIME),
    Column("executed_by", String(100), nullable=False),
    Column("execution_environment", JSON_DOCUMENT),
    Column("error_message", Text),
    Column("stack_trace", Text),
    Column("owner", String(200)),
    Column("lease_expires_at", TIME),
    Column("stop_requested_at", TIME),
    PrimaryKeyConstraint("execution_id", name="swf_workflow_executions_pkey"),
    _refers(
        "workflow_definition_id",
        "swf_workflow_definitions.id",
        "swf_workflow_executi_workflow_definition__527d2e0a_fk_swf_workf",
    ),
    Index("swf_executions_definition_namespace_newest", "workflow_definition_id", "namespace", "start_time"),
    Index("swf_executions_definition_newest", "workflow_definition_id", "start_time"),
    Index("swf_executions_definition_status_newest", "workflow_definition_id", "status", "start_time"),
    Index("swf_executions_definition_user_newest", "workflow_definition_id", "executed_by", "start_time"),
    Index("swf_executions_namespace_newest", "namespace", "start_time"),
    Index("swf_executions_namespace_status_newest", "namespace", "status", "start_time"),
    Index("swf_executions_namespace_user_newest", "namespace", "executed_by", "start_time"),
    Index("swf_executions_newest", "start_time", "execution_id"),
    Index("swf_executions_status_newest", "status", "start_time"),
    Index("swf_executions_user_newest", "executed_by", "start_time"),
    Index("swf_executions_user_status_newest", "executed_by", "status", "start_time"),
    Index(
        "swf_workflow_executions_execution_id_f589cde8_like",
        "execution_id",
        postgresql_ops={"execution_id": "varchar_pattern_ops"},
    ).ddl_if(dialect="postgresql"),
    Index("swf_workflow_executions_namespace_da80237b", "namespace"),
    Index("swf_workflow_executions_workflow_definition_id_527d2e0a", "workflow_definition_id"),
)

Table(
    "swf_fastmon_files",
    metadata,
    Column("tf_file_id", UUID_DIGITS, nullable=False),
    Column("stf_file_id", UUID_DIGITS, nullable=False),
    Column("tf_filename", String(255), nullable=False),
    Column("file_size_bytes", BigInteger),
    Column("checksum", String(64)),
    Column("status", String(20), nullable=False),
    Column("metadata", JSON_DOCUMENT),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("tf_count", Integer),
    Column("tf_first", Integer),
    Column("tf_last", Integer),
    PrimaryKeyConstraint("tf_file_id", name="swf_fastmon_files_pkey"),
    UniqueConstraint("tf_filename", name="swf_fastmon_files_tf_filename_key"),
    _refers(
        "stf_file_id",
        "swf_stf_files.file_id",
        "swf_fastmon_files_stf_file_id_5994a143_fk_swf_stf_files_file_id",
    ),
    Index("swf_fastmon_files_stf_file_id_5994a143", "stf_file_id"),
)

Table(
    "swf_workflow_messages",
    metadata,
    Column("message_id", UUID_DIGITS, nullable=False),
    Column("workflow_id", UUID_DIGITS),
    Column("stage_id", UUID_DIGITS),
    Column("message_type", String(50), nullable=False),
    Column("request_id", Integer),
    Column("sender_agent", String(100)),
    Column("sender_type", String(20)),
    Column("recipient_agent", String(100)),
    Column("recipient_type", String(20)),
    Column("namespace", String(100)),
    Column("execution_id", String(100)),
    Column("run_id", String(50)),
    Column("message_content", JSON_DOCUMENT, nullable=False),
    Column("message_metadata", JSON_DOCUMENT),
    Column("sent_at", TIME, nullable=False),
    Column("delivered_at", TIME),
    Column("acknowledged_at", TIME),
    Column("is_successful", Boolean),
    Column("error_message", Text),
    Column("queue_name", String(100)),
    Column("correlation_id", String(100)),
    PrimaryKeyConstraint("message_id", name="swf_workflow_messages_pkey"),
    _refers(
        "workflow_id",
        "swf_stf_workflows.workflow_id",
        "swf_workflow_message_workflow_id_0515ebc8_fk_swf_stf_w",
    ),
    _refers(
        "stage_id",
        "swf_agent_workflow_stages.stage_id",
        "swf_workflow_message_stage_id_221b9ea1_fk_swf_agent",
    ),
    Index("swf_messages_execution_type_newest", "execution_id", "message_type", "sent_at"),
    Index("swf_messages_namespace_newest", "namespace", "sent_at"),
    Index("swf_messages_namespace_type_newest", "namespace", "message_type", "sent_at"),
    Index("swf_messages_newest", "sent_at"),
    Index("swf_workflo_message_cb52f7_idx", "message_type", "sent_at"),
    Index("swf_workflo_namespa_5ae127_idx", "namespace", "execution_id"),
    Index("swf_workflo_namespa_dd7c26_idx", "namespace", "run_id"),
    Index("swf_workflo_sender__34fb10_idx", "sender_agent", "sent_at"),
    _partial_index(
        "swf_workflo_workflo_0fe275_idx", "workflow_id", "message_type", where="workflow_id IS NOT NULL"
    ),
    Index("swf_workflow_messages_execution_id_79347dfb", "execution_id"),
    Index("swf_workflow_messages_namespace_6ecc2826", "namespace"),
    Index("swf_workflow_messages_run_id_132ff43b", "run_id"),
    _partial_index("swf_workflow_messages_stage_id_221b9ea1", "stage_id", where="stage_id IS NOT NULL"),
    _partial_index(
        "swf_workflow_messages_workflow_id_0515ebc8", "workflow_id", where="workflow_id IS NOT NULL"
    ),
    postgresql_with={"fillfactor": 50},
)

Table(
    "swf_tf_slices",
    metadata,
    Column("id", BIG_ID, Identity(), nullable=False),
    Column("fastmon_file_id", UUID_DIGITS, nullable=False),
    Column("slice_id", Integer, nullable=False),
    Column("tf_first", Integer, nullable=False),
    Column("tf_last", Integer, nullable=False),
    Column("tf_count", Integer, nullable=False),
    Column("run_number", Integer, nullable=False),
    Column("status", String(20), nullable=False),
    Column("retries", Integer, nullable=False),
    Column("metadata", JSON_DOCUMENT),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("assigned_worker", String(255)),
    Column("assigned_at", TIME),
    Column("completed_at", TIME),
    PrimaryKeyConstraint("id", name="swf_tf_slices_pkey"),
    UniqueConstraint(
        "fastmon_file_id", "slice_id", name="swf_tf_slices_fastmon_file_id_slice_id_6bd096b7_uniq"
    ),
    _refers(
        "fastmon_file_id",
        "swf_fastmon_files.tf_file_id",
        "swf_tf_slices_fastmon_file_id_6e7f1071_fk_swf_fastm",
    ),
    Index("swf_tf_slic_fastmon_status_idx", "fastmon_file_id", "status"),
    Index("swf_tf_slic_run_num_783be1_idx", "run_number", "status"),
    Index("swf_tf_slic_status_a09d78_idx", "status", "created_at"),
    Index("swf_tf_slices_fastmon_file_id_6e7f1071", "fastmon_file_id"),
    Index("swf_tf_slices_run_number_7f432352", "run_number"),
)
