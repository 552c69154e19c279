"""The order in which processes are stopped: clients before the services that they need.

Stopped at the same time, the embedded broker would end before the runner has sent the `end_run` of its
executions. The priorities in agents.supervisord.conf give the same order for supervisord's own shutdown,
which stops the highest first and waits for each group.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

RUNNER_PHASE, AGENTS_PHASE = 0, 1
PHASES = {
    "workflow-runner": RUNNER_PHASE,
    "agent-manager": 2,
    "monitor": 2,
    "watch": 3,
    "embedded-broker": 4,
}

T = TypeVar("T")


def in_stop_order(processes: Iterable[T], program: Callable[[T], str]) -> list[list[T]]:
    """The processes in groups that are stopped one after the other; `program` names that of a process."""
    groups: dict[int, list[T]] = {}
    for one in processes:
        groups.setdefault(PHASES.get(program(one), AGENTS_PHASE), []).append(one)
    return [groups[phase] for phase in sorted(groups)]
