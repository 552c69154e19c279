"""Rows of agents, their log lines and subscribers, frozen; times are aware UTC."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class Heartbeat(NamedTuple):
    """The heartbeat of an agent; None leaves the stored value."""

    instance_name: str
    agent_type: str
    status: str
    at: datetime
    operational_state: str = "READY"
    description: str | None = None
    namespace: str | None = None
    pid: int | None = None
    hostname: str | None = None
    agent_url: str | None = None
    workflow_enabled: bool | None = None
    current_stf_count: int | None = None
    total_stf_processed: int | None = None
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent with its last heartbeat."""

    id: int
    instance_name: str
    agent_type: str
    description: str
    status: str
    operational_state: str
    last_heartbeat: datetime | None
    namespace: str | None
    pid: int | None
    hostname: str | None
    agent_url: str | None
    workflow_enabled: bool
    current_stf_count: int
    total_stf_processed: int
    last_stf_processed: datetime | None
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a program's log; `id` is None until it is stored."""

    app_name: str
    instance_name: str
    timestamp: datetime
    level: int
    levelname: str
    message: str
    module: str = ""
    funcname: str = ""
    lineno: int = 0
    process: int = 0
    thread: int = 0
    extra_data: dict[str, Any] | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """All given conditions must hold. `level` is the lowest shown; `until` is exclusive.

    `text` is searched for in the message, without regard to case.
    """

    app_name: str | None = None
    instance_name: str | None = None
    level: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    execution_id: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class AgentFilter:
    """All given conditions must hold; `since` and `until` are bounds of the last heartbeat.

    `execution_id` matches the senders of its messages.
    """

    namespace: str | None = None
    agent_type: str | None = None
    status: str | None = None
    execution_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogSummary:
    """The log lines of one program: counts by level, and its last errors."""

    app_name: str
    instance_name: str
    counts: dict[str, int]
    last_errors: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A registered subscriber of the monitor's REST interface."""

    subscriber_id: int
    subscriber_name: str
    fraction: float | None
    description: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
