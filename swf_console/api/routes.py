"""Every operation of the REST interface."""

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
    workflow_stages,
)

# the most frequent first: a request's path is compared with the routes in this order
OPERATIONS: tuple[Operation, ...] = (
    *slices.OPERATIONS,
    *agents.OPERATIONS,
    *executions.OPERATIONS,
    *sequences.OPERATIONS,
    *subscribers.OPERATIONS,
    *logs.OPERATIONS,
    *definitions.OPERATIONS,
    *namespaces.OPERATIONS,
    *run_states.OPERATIONS,
    *runs.OPERATIONS,
    *stf_files.OPERATIONS,
    *fastmon_files.OPERATIONS,
    *events.OPERATIONS,
    *workers.OPERATIONS,
    *messages.OPERATIONS,
    *workflow_stages.OPERATIONS,
)
