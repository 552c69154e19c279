"""Differences between two executions: parameters, code, environment, results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...database import Database
from ...database.records.workflows import Execution
from .queries import find_execution, table

MISSING = None
NOT_COMPARED = {"provenance"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `kind` is execution, parameter, code, environment or metric; None is absent."""

    kind: str
    name: str
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two executions and their differences."""

    first: Execution
    second: Execution
    differences: tuple[Difference, ...]


def compare_executions(database: Database, first_id: str, second_id: str) -> Comparison:
    """Compare two executions. Raises UsageError for an unknown id."""
    first, second = find_execution(database, first_id), find_execution(database, second_id)
    found = [
        *_between("execution", _summary(first), _summary(second)),
        *_between("parameter", first.parameter_values, second.parameter_values),
        *_between("code", _code(first), _code(second)),
        *_between("environment", _environment(first), _environment(second)),
        *_between("metric", first.performance_metrics, second.performance_metrics),
    ]
    return Comparison(first, second, tuple(found))


def flattened(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested tables with its dotted name."""
    if not isinstance(value, Mapping) or (above and not value):
        yield above, value
        return
    for key, item in value.items():
        yield from flattened(item, f"{above}.{key}" if above else str(key))


def _between(kind: str, first: Any, second: Any) -> list[Difference]:
    one, other = dict(flattened(table(first))), dict(flattened(table(second)))
    return [
        Difference(kind, name, one.get(name, MISSING), other.get(name, MISSING))
        for name in dict.fromkeys([*one, *other])
        if one.get(name, MISSING) != other.get(name, MISSING)
    ]


def _summary(execution: Execution) -> dict[str, Any]:
    return {
        "workflow": execution.workflow_name,
        "version": execution.version,
        "namespace": execution.namespace,
        "status": execution.status,
        "executed_by": execution.executed_by,
        "error_message": execution.error_message,
    }


def _code(execution: Execution) -> dict[str, Any]:
    environment = table(execution.execution_environment)
    return {"sha256": table(environment.get("workflow")).get("sha256"), **table(environment.get("source"))}


def _environment(execution: Execution) -> dict[str, Any]:
    environment = table(execution.execution_environment)
    return {
        name: environment[name] for name in environment if name not in {*NOT_COMPARED, "workflow", "source"}
    }
