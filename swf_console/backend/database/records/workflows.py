"""Rows of the workflow engine, frozen; times are aware UTC. Named tuples where many are made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class NewDefinition(NamedTuple):
    """A workflow's code and default parameters, to be stored once."""

    workflow_name: str
    version: str
    workflow_type: str
    definition: str
    parameter_values: dict[str, Any]
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """A stored definition; it never changes."""

    definition: str
    parameter_values: dict[str, Any]


class NewExecution(NamedTuple):
    """An execution to store; with an `owner` it has a lease, which the owner renews."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSummary:
    """An execution in a list, without its JSON."""

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
    """All given conditions must hold. `id_prefix` is the start of the id; `until` is exclusive."""

    status: str | None = None
    namespace: str | None = None
    executed_by: str | None = None
    workflow_name: str | None = None
    id_prefix: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    definition_id: int | None = None


@dataclass(frozen=True, slots=True)
class RunState:
    """The current state of a run. Its counters are computed by the database and ignored on writing."""

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
    """One event in the history of a run; `event_id` is None until it is stored."""

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


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace and its owner."""

    name: str
    owner: str
    description: str
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NamespaceUse:
    """A namespace with its counts; a count stops at the cap."""

    namespace: Namespace
    executions: int
    messages: int
    agents: int
