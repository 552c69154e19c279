"""testbed.toml: which file applies, and its content."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import ConfigurationError, Problem
from .documents import Document, read_document

FIELDS: dict[str, type] = {"enabled": bool, "script": str, "count": int, "monitor": bool}
WORDS: dict[type, str] = {bool: "true or false", str: "a string", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class AgentNeed:
    """One [agents.<name>] table; `count` is the size of its process group, `options` its other keys."""

    name: str
    enabled: bool = True
    script: str = ""
    count: int = 1
    monitor: bool | None = None  # whether it needs the monitor; None if the table does not say
    options: dict[str, Any] = field(default_factory=dict)


def agents_of(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, AgentNeed]:
    """The agents that checked [agents.*] tables describe, in their order."""
    return {name: _agent(name, table) for name, table in tables.items()}


def agent_problems(document: Document) -> list[Problem]:
    """The problems of the [agents.*] tables of a file."""
    tables = document.data.get("agents", {})
    if not isinstance(tables, dict):
        return [document.problem("must be tables: [agents.<name>]", "agents")]
    problems = []
    for name, table in tables.items():
        if isinstance(table, dict):
            problems += _problems(document, name, table)
        else:
            problems.append(document.problem("must be a table: [agents.<name>]", "agents", name))
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


TESTBED_FILE = "testbed.toml"
NOT_PARAMETERS = frozenset({"testbed", "workflow", "agents"})


@dataclass(frozen=True)
class Testbed:
    """The content of testbed.toml: only `sections` and `parameters` override a configuration."""

    __test__ = False  # tells pytest that this is not a test class

    document: Document = field(repr=False)
    namespace: str | None
    workflow: dict[str, Any]
    agents: dict[str, AgentNeed]
    sections: dict[str, dict[str, Any]] = field(repr=False)
    parameters: dict[str, Any] = field(repr=False)

    @property
    def path(self) -> Path:
        """The file."""
        return self.document.path


def find_testbed(settings_testbed: Path | None, workflows_dir: Path) -> Path | None:
    """The testbed.toml that applies: the requested one, else that in `workflows_dir`, else None.

    Raises ConfigurationError if the requested file does not exist.
    """
    if settings_testbed is None:
        usual = workflows_dir / TESTBED_FILE
        return usual if usual.exists() else None
    if not settings_testbed.exists():
        remedy = "Correct --testbed-config or SWF_TESTBED_CONFIG"
        raise ConfigurationError(Problem("file not found", remedy, settings_testbed))
    return settings_testbed


def load_testbed(path: Path) -> Testbed:
    """Read testbed.toml. Raises ConfigurationError with all its problems."""
    return testbed_of(read_document(path))


def testbed_of(document: Document) -> Testbed:
    """The Testbed of a parsed file. Raises ConfigurationError with all its problems."""
    problems = [
        document.problem("is a value outside any section", name, remedy="Put it under [parameters]")
        for name, value in document.data.items()
        if not isinstance(value, dict)
    ]
    tables = {name: value for name, value in document.data.items() if isinstance(value, dict)}
    namespace = tables.get("testbed", {}).get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        problems.append(document.problem("must be a string", "testbed", "namespace"))
    problems += agent_problems(document)
    if problems:
        raise ConfigurationError(*problems)
    own = copy.deepcopy(tables)
    return Testbed(
        document=document,
        namespace=namespace,
        workflow=own.get("workflow", {}),
        agents=agents_of(own.get("agents", {})),
        parameters=own.pop("parameters", {}),
        sections={name: table for name, table in own.items() if name not in NOT_PARAMETERS},
    )
