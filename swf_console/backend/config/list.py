"""All configurations of a home, their problems, and the schema that a definition stores."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import ConfigurationError, Problem
from .composed import Composition
from .documents import Document, read_document
from .load import compose
from .names import plain_name
from .rules import InvalidValue, rules_of, shown
from .testbed import TESTBED_FILE, Testbed


@dataclass(frozen=True, slots=True)
class ConfigurationSummary:
    """One configuration file; `is_base` if it names no workflow and is only included by others."""

    name: str
    path: Path
    workflow_name: str = ""
    version: str = ""
    description: str = ""
    workflow_type: str = ""
    is_base: bool = False
    problems: tuple[Problem, ...] = ()


def configuration_names(workflows_dir: Path) -> list[str]:
    """The names of all configuration files of a home."""
    files = [path for path in workflows_dir.glob("*.toml") if not path.name.startswith(".")]
    return sorted(path.stem for path in files if path.name != TESTBED_FILE)


def list_configurations(workflows_dir: Path) -> list[ConfigurationSummary]:
    """Every configuration of a home by name, invalid ones with their problems."""
    return [_summary(workflows_dir, name) for name in configuration_names(workflows_dir)]


def validate(workflows_dir: Path, names: Iterable[str] = (), testbed: Testbed | None = None) -> list[Problem]:
    """Every problem of the named configurations, or of all, as `testbed` overrides them."""
    problems: list[Problem] = []
    used: set[str] = set()
    for name in list(names) or configuration_names(workflows_dir):
        try:
            composition = compose(workflows_dir, name, testbed=testbed)
        except ConfigurationError as error:
            problems += error.problems
        else:
            used |= set(composition.sections)
            problems += _missing_workflow(workflows_dir, composition)
            problems += script_problems(workflows_dir, composition, testbed)
    if testbed:
        problems += _unused_sections(testbed, used, workflows_dir)
    return list(dict.fromkeys(problems))


def script_problems(workflows_dir: Path, composition: Composition, testbed: Testbed | None) -> list[Problem]:
    """Scripts of enabled agents that cannot be executed: supervisord would report them as started."""
    problems = []
    for need in composition.agents.values():
        script = workflows_dir.parent / need.script
        if not need.enabled or not need.script:
            continue
        if not script.is_file():
            message, remedy = "script not found", "Create it, or correct `script`; it is relative to the home"
        elif script.suffix != ".py" and not os.access(script, os.X_OK):
            message, remedy = "script is not executable", f"Run: chmod +x {script}"
        else:
            continue
        document = _agents_document(workflows_dir, composition, testbed, need.name)
        keys = ("agents", need.name, "script")
        problems.append(document.problem(message, *keys, value=need.script, remedy=remedy))
    return problems


def _agents_document(
    workflows_dir: Path, composition: Composition, testbed: Testbed | None, agent: str
) -> Document:
    """The file whose [agents.NAME] is in effect; for an included file the configuration that includes it."""
    main = read_document(workflows_dir / f"{composition.configuration}.toml")
    if testbed is None or "agents" in main.data:
        return main
    return testbed.document if agent in testbed.document.data.get("agents", {}) else main


def workflow_schema(workflows_dir: Path, workflow_name: str) -> list[dict[str, Any]]:
    """The parameters of a workflow as JSON, independent of a configuration."""
    return [parameter.as_dict() for parameter in rules_of(workflow_name, workflows_dir).own]


def workflow_defaults(workflows_dir: Path, workflow_name: str) -> dict[str, Any]:
    """The defaults of a workflow's parameters."""
    own = rules_of(workflow_name, workflows_dir).own
    return {parameter.name: parameter.default for parameter in own if parameter.default is not None}


def _summary(workflows_dir: Path, name: str) -> ConfigurationSummary:
    path = workflows_dir / f"{name}.toml"
    try:
        found = compose(workflows_dir, name)
    except ConfigurationError as error:
        return ConfigurationSummary(name, path, problems=error.problems)
    return ConfigurationSummary(
        name=name,
        path=path,
        workflow_name=found.workflow_name,
        version=found.version,
        description=found.description,
        workflow_type=found.workflow_type,
        is_base=not found.workflow_name,
    )


def _missing_workflow(workflows_dir: Path, composition: Composition) -> list[Problem]:
    if not composition.workflow_name:
        return []
    try:
        plain_name("workflow", composition.workflow_name, workflows_dir, ".py")
    except ConfigurationError as error:
        document = read_document(workflows_dir / f"{composition.configuration}.toml")
        return [
            document.problem(problem.message, "workflow", "name", remedy=problem.remedy)
            for problem in error.problems
        ]
    return []


def _unused_sections(testbed: Testbed, used: set[str], workflows_dir: Path) -> list[Problem]:
    """Problems in known sections of testbed.toml that no configuration has."""
    rules = rules_of("", workflows_dir)
    problems = []
    for section in (rules.strict_sections & set(testbed.sections)) - used:
        for key, value in testbed.sections[section].items():
            try:
                rules.fit(section, key, value, lenient=False)
            except InvalidValue as error:
                text = shown(value, section, key)
                problems.append(
                    testbed.document.problem(str(error), section, key, value=text, remedy=error.remedy)
                )
    return problems
