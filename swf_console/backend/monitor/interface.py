"""The interface: every operation of every resource."""

from .operation import Operation
from .resources import (
    agents,
    definitions,
    events,
    executions,
    fastmon_files,
    logs,
    messages,
    namespaces,
    run_states,
    runs,
    sequences,
    slices,
    stf_files,
    subscribers,
    workers,
)

OPERATIONS: tuple[Operation, ...] = (
    *sequences.OPERATIONS,
    *agents.OPERATIONS,
    *subscribers.OPERATIONS,
    *logs.OPERATIONS,
    *definitions.OPERATIONS,
    *namespaces.OPERATIONS,
    *executions.OPERATIONS,
    *run_states.OPERATIONS,
    *runs.OPERATIONS,
    *stf_files.OPERATIONS,
    *fastmon_files.OPERATIONS,
    *slices.OPERATIONS,
    *events.OPERATIONS,
    *workers.OPERATIONS,
    *messages.OPERATIONS,
)
