"""The runner: workflows, their clock, an execution's life, and the prediction of one.

What is asked for is imported when it is asked for, so that a prediction loads no git and a listing no SimPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backlog import Backlog as Backlog
    from .capacity import Capacity as Capacity
    from .capacity import capacity_of as capacity_of
    from .capacity import workload as workload
    from .clocks import Clock as Clock
    from .clocks import FastClock as FastClock
    from .clocks import RealtimeClock as RealtimeClock
    from .environment import execution_environment as execution_environment
    from .execution import Outcome as Outcome
    from .execution import executor_config as executor_config
    from .execution import simulate as simulate
    from .lateness import LatenessSummary as LatenessSummary
    from .metrics import performance_metrics as performance_metrics
    from .plan import Plan as Plan
    from .plan import plan_run as plan_run
    from .ports import Aborted as Aborted
    from .ports import Identity as Identity
    from .ports import Ports as Ports
    from .ports import StateEvent as StateEvent
    from .ports import StopSignal as StopSignal
    from .runner import MessageRefused as MessageRefused
    from .runner import Runner as Runner
    from .source import SourceCollector as SourceCollector
    from .source import SourceVersion as SourceVersion
    from .source import collect_source as collect_source
    from .workflow_file import WorkflowCode as WorkflowCode
    from .workflow_file import list_workflows as list_workflows
    from .workflow_file import load_workflow as load_workflow

_HOMES = {
    "backlog": ("Backlog",),
    "capacity": ("Capacity", "capacity_of", "workload"),
    "clocks": ("Clock", "FastClock", "RealtimeClock"),
    "environment": ("execution_environment",),
    "execution": ("Outcome", "executor_config", "simulate"),
    "lateness": ("LatenessSummary",),
    "metrics": ("performance_metrics",),
    "plan": ("Plan", "plan_run"),
    "ports": ("Aborted", "Identity", "Ports", "StateEvent", "StopSignal"),
    "runner": ("MessageRefused", "Runner"),
    "source": ("SourceCollector", "SourceVersion", "collect_source"),
    "workflow_file": ("WorkflowCode", "list_workflows", "load_workflow"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{module}", __name__), name)
