"""Tables of agents, their log lines and subscribers."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Identity, Index, Integer, String, Table, Text

from ..sql.types import Address, BigId, Json
from .base import created_at, metadata, timestamp, updated_at

agents = Table(
    "swf_systemagent",
    metadata,
    Column("id", BigId, Identity(), primary_key=True),
    Column("instance_name", String(100), nullable=False, unique=True),
    Column("agent_type", String(20), nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("status", String(10), nullable=False, default="UNKNOWN"),
    timestamp("last_heartbeat", nullable=True),
    Column("agent_url", String(200)),
    Column("workflow_enabled", Boolean, nullable=False, default=True),
    Column("current_stf_count", Integer, nullable=False, default=0),
    Column("total_stf_processed", Integer, nullable=False, default=0),
    timestamp("last_stf_processed", nullable=True),
    Column("pid", Integer),
    Column("hostname", String(100)),
    Column("operational_state", String(20), nullable=False, default="STARTING"),
    Column("namespace", String(100), index=True),
    Column("metadata", Json),
    created_at(),
    updated_at(),
)

logs = Table(
    "swf_applog",
    metadata,
    Column("id", BigId, Identity(), primary_key=True),
    Column("app_name", String(100), nullable=False, index=True),
    Column("instance_name", String(100), nullable=False, index=True),
    timestamp("timestamp", index=True),
    Column("level", Integer, nullable=False, default=0, index=True),
    Column("levelname", String(50), nullable=False),
    Column("message", Text, nullable=False),
    Column("module", String(255), nullable=False),
    Column("funcname", String(255), nullable=False),
    Column("lineno", Integer, nullable=False),
    Column("process", Integer, nullable=False),
    Column("thread", BigInteger, nullable=False),
    Column("extra_data", Json),
    Index(None, "timestamp", "app_name", "instance_name"),
    Index("swf_logs_app_newest", "app_name", "timestamp"),
    Index("swf_logs_instance_newest", "instance_name", "timestamp"),
)

subscribers = Table(
    "swf_subscribers",
    metadata,
    Column("subscriber_id", Integer, Identity(), primary_key=True),
    Column("subscriber_name", String(255), nullable=False, unique=True),
    Column("fraction", Float(53)),
    Column("description", Text),
    Column("is_active", Boolean, nullable=False, default=True),
    created_at(),
    updated_at(),
    Column("delivery_type", String(20), nullable=False, default="activemq"),
    Column("client_ip", Address),
    Column("client_location", String(255), nullable=False, default=""),
    timestamp("connected_at", nullable=True),
    timestamp("disconnected_at", nullable=True),
    timestamp("last_activity", nullable=True),
    Column("message_filters", Json, nullable=False, default=dict),
    Column("messages_received", Integer, nullable=False, default=0),
    Column("messages_sent", Integer, nullable=False, default=0),
    Column("messages_dropped", Integer, nullable=False, default=0),
    Index(None, "delivery_type", "is_active"),
)
