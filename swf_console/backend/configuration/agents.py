"""Which agents a configuration needs: its [agents.*] tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Problem
from .documents import Document

FIELDS: dict[str, type] = {"enabled": bool, "script": str, "count": int}
WORDS: dict[type, str] = {bool: "true or false", str: "a string", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class AgentNeed:
    """One [agents.<name>] table; `count` is the size of its process group, `options` what else it says."""

    name: str
    enabled: bool = True
    script: str = ""
    count: int = 1
    options: dict[str, Any] = field(default_factory=dict)


def agents_of(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, AgentNeed]:
    """The agents that checked [agents.*] tables describe, in their order."""
    return {name: _agent(name, table) for name, table in tables.items()}


def agent_problems(document: Document) -> list[Problem]:
    """What is wrong with the [agents.*] tables of a file."""
    tables = document.data.get("agents", {})
    if not isinstance(tables, dict):
        return [document.problem("must be tables: [agents.<name>]", "agents")]
    problems = []
    for name, table in tables.items():
        if isinstance(table, dict):
            problems += _problems(document, name, table)
        else:
            problems.append(document.problem("an agent is a table", "agents", name))
    return problems


def _agent(name: str, table: Mapping[str, Any]) -> AgentNeed:
    known = {key: value for key, value in table.items() if key in FIELDS}
    options = {key: value for key, value in table.items() if key not in FIELDS}
    return AgentNeed(name, **known, options=options)


def _problems(document: Document, agent: str, table: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for key, value in table.items():
        wanted = FIELDS.get(key)
        if wanted and type(value) is not wanted:
            problems.append(document.problem(f"must be {WORDS[wanted]}", "agents", agent, key))
        elif key == "count" and not 1 <= value <= 1000:
            problems.append(
                document.problem("must be from 1 to 1000", "agents", agent, key, value=str(value))
            )
    return problems
