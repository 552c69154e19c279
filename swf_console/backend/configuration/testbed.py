"""testbed.toml: which one holds, and what it says."""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError, Problem
from .agents import AgentNeed, agent_problems, agents_of
from .documents import Document, read_document

TESTBED_FILE = "testbed.toml"
NOT_PARAMETERS = frozenset({"testbed", "workflow", "agents"})


@dataclass(frozen=True)
class Testbed:
    """What testbed.toml says: `sections` and `parameters` override a configuration, nothing else does."""

    __test__ = False  # no test class, whatever its name begins with

    document: Document = field(repr=False)
    namespace: str | None
    workflow: dict[str, Any]
    agents: dict[str, AgentNeed]
    sections: dict[str, dict[str, Any]] = field(repr=False)
    parameters: dict[str, Any] = field(repr=False)

    @property
    def path(self) -> Path:
        """The file it was read from."""
        return self.document.path


def find_testbed(settings_testbed: Path | None, workflows_dir: Path) -> Path | None:
    """The testbed.toml that holds: the one asked for, else the one in `workflows_dir`, else None.

    Raises ConfigurationError where the one asked for is not there.
    """
    if settings_testbed is None:
        usual = workflows_dir / TESTBED_FILE
        return usual if usual.exists() else None
    if not settings_testbed.exists():
        remedy = "Mend --testbed-config or SWF_TESTBED_CONFIG"
        raise ConfigurationError(Problem("no such testbed configuration", remedy, settings_testbed))
    return settings_testbed


def load_testbed(path: Path) -> Testbed:
    """Read testbed.toml. Raises ConfigurationError with every problem of its form."""
    return testbed_of(read_document(path))


def testbed_of(document: Document) -> Testbed:
    """Understand an already parsed testbed.toml. Raises ConfigurationError with every problem of its form."""
    problems = [
        document.problem("a value outside of every section", name, remedy="Put it under [parameters]")
        for name, value in document.data.items()
        if not isinstance(value, dict)
    ]
    tables = {name: value for name, value in document.data.items() if isinstance(value, dict)}
    namespace = tables.get("testbed", {}).get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        problems.append(document.problem("a namespace is a string", "testbed", "namespace"))
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
