"""Rows as they cross the door, frozen; named tuples where many are made.

Times are aware UTC, ids of messages UUID text.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor to give for those that follow; None after the last."""

    items: tuple[T, ...]
    next: str | None = None


class NewDefinition(NamedTuple):
    """A workflow's code and default parameters, to be stored once."""

    workflow_name: str
    version: str
    workflow_type: str
    definition: str
    parameter_values: dict[str, Any]
    created_by: str


@dataclass(frozen=True, slots=True)
class DefinitionSummary:
    """A stored definition without its code and parameters."""

    id: int
    workflow_name: str
    version: str
    workflow_type: str
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Definition(DefinitionSummary):
    """A stored definition; what is stored never changes."""

    definition: str
    parameter_values: dict[str, Any]


class NewExecution(NamedTuple):
    """An execution to begin; with an `owner` it has a lease that its owner renews."""

    execution_id: str
    workflow_definition_id: int
    namespace: str | None
    parameter_values: dict[str, Any]
    executed_by: str
    start_time: datetime
    status: str = "running"
    execution_environment: dict[str, Any] | None = None
    owner: str | None = None
    lease_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExecutionSummary:
    """An execution as lists show it, without its JSON."""

    execution_id: str
    workflow_definition_id: int
    workflow_name: str
    version: str
    namespace: str | None
    status: str
    start_time: datetime
    end_time: datetime | None
    executed_by: str
    error_message: str | None
    owner: str | None
    lease_expires_at: datetime | None
    stop_requested_at: datetime | None


@dataclass(frozen=True, slots=True)
class Execution(ExecutionSummary):
    """An execution with all its columns."""

    parameter_values: dict[str, Any]
    performance_metrics: dict[str, Any] | None
    execution_environment: dict[str, Any] | None
    stack_trace: str | None


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """What is given must hold, all of it. `id_prefix` begins the execution's id; until is exclusive."""

    status: str | None = None
    namespace: str | None = None
    executed_by: str | None = None
    workflow_name: str | None = None
    id_prefix: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    definition_id: int | None = None


class NewMessage(NamedTuple):
    """A message to store. Its content is `content_json` (JSON text, taken as it is) or else `content`."""

    message_id: str
    message_type: str
    sent_at: datetime
    content: Any = None
    content_json: str | None = None
    namespace: str | None = None
    execution_id: str | None = None
    run_id: str | None = None
    sender_agent: str | None = None
    queue_name: str | None = None
    correlation_id: str | None = None
    metadata: dict[str, Any] | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """A message as lists show it, without its content."""

    message_id: str
    message_type: str
    sender_agent: str | None
    namespace: str | None
    execution_id: str | None
    run_id: str | None
    queue_name: str | None
    sent_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message(MessageSummary):
    """A message with its content."""

    content: Any
    metadata: dict[str, Any] | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """What is given must hold, all of it. A `message_type` may end in `*`; until is exclusive."""

    namespace: str | None = None
    execution_id: str | None = None
    run_id: str | None = None
    message_type: str | None = None
    sender: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunState:
    """The present state of a run. The counters are the database's own, whatever is given on writing."""

    run_number: int
    phase: str
    state: str
    substate: str | None
    target_worker_count: int
    state_changed_at: datetime
    metadata: dict[str, Any] | None = None
    active_worker_count: int = 0
    stf_samples_received: int = 0
    slices_created: int = 0
    slices_queued: int = 0
    slices_processing: int = 0
    slices_completed: int = 0
    slices_failed: int = 0


@dataclass(frozen=True, slots=True)
class StateEvent:
    """One transition in a run's history; `event_id` is None until it is stored."""

    timestamp: datetime
    run_number: int
    event_type: str
    state: str
    substate: str | None
    event_data: dict[str, Any]
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A DAQ run."""

    run_id: int
    run_number: int
    start_time: datetime
    end_time: datetime | None
    run_conditions: dict[str, Any] | None


class Heartbeat(NamedTuple):
    """What an agent says of itself; None leaves what is stored."""

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
    """An agent as last heard of."""

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
class Namespace:
    """A namespace and whose it is."""

    name: str
    owner: str
    description: str
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NamespaceUse:
    """A namespace with what is in it; a count stops at the cap."""

    namespace: Namespace
    executions: int
    messages: int
    agents: int


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
    """What is given must hold, all of it. `level` is the lowest shown; until is exclusive."""

    app_name: str | None = None
    instance_name: str | None = None
    level: int | None = None
    since: datetime | None = None
    until: datetime | None = None
