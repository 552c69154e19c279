"""Compose one configuration from its files, testbed.toml and overrides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError, Problem
from ..nearest import suggest
from .agents import agent_problems, agents_of
from .catalogue import KNOWN_SECTIONS
from .composition import Composition, fold
from .documents import Document
from .includes import IncludeTree
from .merging import Merge
from .names import PLAIN_NAME, plain_name
from .overrides import Override
from .rules import rules_of
from .testbed import TESTBED_FILE, Testbed

KNOWN_FIELDS = ("name", "version", "description", "includes", "config", "realtime", "duration")
LENGTHS = {"name": 100, "version": 50, "description": 10_000}


@dataclass(frozen=True)
class Heading:
    """What `[workflow]` says, over all files; an empty name is a base that others include."""

    name: str = ""
    version: str = "1.0"
    description: str = ""


def compose(
    workflows_dir: Path,
    configuration: str,
    *,
    testbed: Testbed | None = None,
    overrides: Sequence[Override] = (),
    unsaved: Mapping[Path, str] | None = None,
) -> Composition:
    """Compose the configuration of that name; `unsaved` holds texts of files that are still being edited.

    Raises ConfigurationError with every problem found.
    """
    path = plain_name("configuration", configuration, workflows_dir, ".toml")
    if path.name == TESTBED_FILE:
        raise ConfigurationError(Problem("testbed.toml is no configuration", "It overrides one", path))
    problems: list[Problem] = []
    warnings: list[str] = []
    documents = IncludeTree(workflows_dir, dict(unsaved or {})).load(path, problems)
    heading = _heading(documents, problems, warnings)
    merge = Merge(rules_of(heading.name, workflows_dir), problems=problems, warnings=warnings)
    for document in documents:
        problems += agent_problems(document)
        merge.add_document(document)
    if heading.name:
        merge.add_defaults()
    if testbed:
        merge.add_testbed(testbed)
    for override in overrides:
        merge.add_override(override)
    if problems:
        raise ConfigurationError(*dict.fromkeys(problems))
    _warn_sections(merge)
    _warn_sizes(merge)
    agents = agents_of(_agent_tables(documents)) or (dict(testbed.agents) if testbed else {})
    return Composition(
        configuration=path.stem,
        workflow_name=heading.name,
        version=heading.version,
        description=heading.description,
        sections=merge.sections,
        provenance=merge.provenance,
        agents=agents,
        warnings=tuple(dict.fromkeys(warnings)),
        schema=merge.rules.schema,
    )


def _heading(documents: Sequence[Document], problems: list[Problem], warnings: list[str]) -> Heading:
    found: dict[str, str] = {}
    main = documents[-1]
    for document in documents:
        table = document.data.get("workflow", {})
        if not isinstance(table, dict):
            problems.append(document.problem("must be a table: [workflow]", "workflow"))
            continue
        for key, value in table.items():
            if key in LENGTHS:
                found[key] = _field(document, key, value, problems)
            elif key not in KNOWN_FIELDS:
                line = document.place("workflow", key).line
                remedy = suggest(key, KNOWN_FIELDS)
                warnings.append(f"{document.path}:{line}: [workflow] {key} means nothing. {remedy}".rstrip())
    if isinstance(main.data.get("workflow"), dict) and "name" not in found:
        remedy = 'Add name = "stf_datataking", the name of the workflow\'s Python file'
        problems.append(main.problem("a configuration names its workflow", "workflow", "name", remedy=remedy))
    return Heading(**found)


def _field(document: Document, key: str, value: Any, problems: list[Problem]) -> str:
    keys = ("workflow", key)
    if not isinstance(value, str):
        problems.append(document.problem("must be a string", *keys, value=str(value), remedy="Quote it"))
        return ""
    if len(value) > LENGTHS[key]:
        problems.append(document.problem(f"is longer than {LENGTHS[key]} characters", *keys))
        return ""
    if key == "version" and not value.strip():
        problems.append(document.problem("is empty", *keys))
    if key == "name" and (not PLAIN_NAME.fullmatch(value) or ".." in value):
        remedy = "Give the name of a Python file in the workflows folder, without .py"
        problems.append(document.problem("is no plain workflow name", *keys, value=value, remedy=remedy))
        return ""
    return value


def _agent_tables(documents: Sequence[Document]) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for document in documents:
        for name, table in document.data.get("agents", {}).items():
            tables[name] = {**tables.get(name, {}), **table}
    return tables


def _warn_sections(merge: Merge) -> None:
    if not merge.rules.described:
        return
    for name in merge.sections:
        remedy = "" if name in merge.rules.strict_sections else suggest(name, KNOWN_SECTIONS)
        if remedy:
            merge.warnings.append(
                f"[{name}] is no section of this project and is passed on unchecked. {remedy}"
            )


def _warn_sizes(merge: Merge) -> None:
    for key, value in fold(merge.sections).items():
        parameter = merge.rules.schema.get(key)
        if parameter and isinstance(value, int | float) and parameter.is_large(value):
            size = f"{value:,} {parameter.unit}".rstrip()
            merge.warnings.append(f"{key} is very large: {size}")
