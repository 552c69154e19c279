"""Indexes, in a separate module: only creating or comparing tables loads it, reading and writing does not.

An index with options of one dialect makes SQLAlchemy import that dialect, which costs as much as all tables.
"""

from sqlalchemy import Column, Index, Table, text

from .base import field_name
from .workflows import executions, messages, state_events

_NEWEST_EXECUTIONS = {
    "swf_executions_newest": ("start_time", "execution_id"),
    "swf_executions_namespace_newest": ("namespace", "start_time"),
    "swf_executions_status_newest": ("status", "start_time"),
    "swf_executions_user_newest": ("executed_by", "start_time"),
    "swf_executions_definition_newest": ("workflow_definition_id", "start_time"),
    "swf_executions_namespace_status_newest": ("namespace", "status", "start_time"),
    "swf_executions_namespace_user_newest": ("namespace", "executed_by", "start_time"),
    "swf_executions_user_status_newest": ("executed_by", "status", "start_time"),
    "swf_executions_definition_namespace_newest": ("workflow_definition_id", "namespace", "start_time"),
    "swf_executions_definition_status_newest": ("workflow_definition_id", "status", "start_time"),
    "swf_executions_definition_user_newest": ("workflow_definition_id", "executed_by", "start_time"),
}
_NEWEST_MESSAGES = {
    "swf_messages_newest": ("sent_at",),
    "swf_messages_namespace_newest": ("namespace", "sent_at"),
    "swf_messages_execution_type_newest": ("execution_id", "message_type", "sent_at"),
    "swf_messages_namespace_type_newest": ("namespace", "message_type", "sent_at"),
}
_MONITOR_MESSAGES = (
    ("sender_agent", "sent_at"),
    ("message_type", "sent_at"),
    ("namespace", "execution_id"),
    ("namespace", "run_id"),
)


def _index(table: Table, name: str | None, *names: str) -> None:
    Index(name, *_columns(table, names))


def _partial_index(table: Table, *names: str) -> None:
    present = text(f"{names[0]} IS NOT NULL")
    Index(None, *_columns(table, names), sqlite_where=present, postgresql_where=present)


def _columns(table: Table, names: tuple[str, ...]) -> list[Column[object]]:
    return [table.c[name] for name in names]


for _name, _of in _NEWEST_EXECUTIONS.items():
    _index(executions, _name, *_of)
for _name, _of in _NEWEST_MESSAGES.items():
    _index(messages, _name, *_of)
for _of in _MONITOR_MESSAGES:
    _index(messages, None, *_of)
_index(state_events, None, "timestamp", "run_number")
_index(state_events, "swf_state_events_run_order", "run_number", "timestamp", "event_id")

# few messages have an STF workflow or a stage: partial indexes cost the others nothing
for _of in (("workflow_id",), ("stage_id",), ("workflow_id", "message_type")):
    _partial_index(messages, *_of)
# every row is updated once, soon after its insert: free space in its page allows a HOT update, which
# touches no index
messages.kwargs["postgresql_with"] = {"fillfactor": 50}

Index(
    field_name("swf_workflow_executions", ["execution_id"], "_like"),
    executions.c.execution_id,
    postgresql_ops={"execution_id": "varchar_pattern_ops"},
).ddl_if(dialect="postgresql")
