"""Compose one configuration from its files, testbed.toml and overrides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ..core.errors import ConfigurationError, Problem
from ..core.suggest import suggest
from .composed import Composition, Merge, fold
from .documents import Document, parse_document, read_document
from .names import PLAIN_NAME, plain_name
from .overrides import Override
from .parameters import KNOWN_SECTIONS
from .rules import rules_of
from .testbed import TESTBED_FILE, Testbed, agent_problems, agents_of

MAXIMUM_FILES = 200


class IncludeTree:
    """The files of one configuration. `unsaved` holds texts of an editor that are not written yet."""

    def __init__(self, workflows_dir: Path, unsaved: dict[Path, str] | None = None) -> None:
        self._root = workflows_dir.resolve()
        self._unsaved = unsaved or {}
        self._read: dict[Path, Document] = {}
        self._loaded = 0
        self._problems: list[Problem] = []

    def load(self, path: Path, problems: list[Problem]) -> list[Document]:
        """Every readable document in loading order: included files come before the including file.

        Missing, cyclic, outside and invalid files are added to `problems`, each with its chain of includes.
        Raises ConfigurationError if `path` itself cannot be read.
        """
        documents = self._documents(path, ())
        if not documents:
            raise ConfigurationError(*dict.fromkeys(self._problems))
        problems += dict.fromkeys(self._problems)
        return documents

    def _documents(self, path: Path, chain: tuple[str, ...]) -> list[Document]:
        document = self._document(path, chain)
        if document is None:
            return []
        documents: list[Document] = []
        for index, name in enumerate(self._names(document)):
            line = document.place("workflow", "includes", index).line
            link = (*chain, f"{self._shown(path)}:{line}")
            self._loaded += 1
            message = self._refusal(path, name, link)
            if message:
                self._add_problem(document, index, name, message, link)
            elif self._loaded <= MAXIMUM_FILES:
                documents += self._documents(self._target(path, name), link)
        return [*documents, document]

    def _names(self, document: Document) -> list[str]:
        workflow = document.data.get("workflow", {})
        names = workflow.get("includes", []) if isinstance(workflow, dict) else []
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return names
        keys = ("workflow", "includes")
        self._problems.append(document.problem('must be an array of file names: ["a.toml", "b.toml"]', *keys))
        return []

    def _refusal(self, path: Path, name: str, link: tuple[str, ...]) -> str:
        """Why `path` must not include the file `name`, or an empty text."""
        return _bad_name(name) or self._bad_target(self._target(path, name), link)

    def _bad_target(self, target: Path, link: tuple[str, ...]) -> str:
        if not target.resolve().is_relative_to(self._root):
            return "is a link to a file outside the workflows folder"
        if self._shown(target) in {step.rpartition(":")[0] for step in link}:
            return "includes itself"
        if self._loaded == MAXIMUM_FILES + 1:
            return f"exceeds the limit of {MAXIMUM_FILES} included files"
        return "" if target in self._unsaved or target.exists() else "does not exist"

    def _add_problem(
        self, document: Document, index: int, name: str, message: str, link: tuple[str, ...]
    ) -> None:
        place = document.place("workflow", "includes", index)
        text = f"the included file {name!r} {message}: {' -> '.join((*link, name))}"
        self._problems.append(Problem(text, "", document.path, place.line, place.column, "workflow.includes"))

    def _document(self, path: Path, chain: tuple[str, ...]) -> Document | None:
        if path in self._read:
            return self._read[path]
        try:
            text = self._unsaved.get(path)
            document = read_document(path) if text is None else parse_document(text, path)
        except ConfigurationError as error:
            note = f" (included by {' -> '.join(chain)})" if chain else ""
            self._problems += [replace(each, message=each.message + note) for each in error.problems]
            return None
        self._read[path] = document
        return document

    def _target(self, path: Path, name: str) -> Path:
        return path.parent / (name if name.endswith(".toml") else f"{name}.toml")

    def _shown(self, path: Path) -> str:
        resolved = path.resolve()
        return str(resolved.relative_to(self._root)) if resolved.is_relative_to(self._root) else str(path)


def _bad_name(name: str) -> str:
    if not name or "\0" in name or "\\" in name:
        return "is not a file name"
    if name.startswith("/"):
        return "is an absolute path; includes stay inside the workflows folder"
    if ".." in PurePosixPath(name).parts:
        return "has a '..'; includes stay inside the workflows folder"
    return ""


KNOWN_FIELDS = ("name", "version", "description", "includes", "config", "realtime", "duration")
LENGTHS = {"name": 100, "version": 50, "description": 10_000}


@dataclass(frozen=True)
class Heading:
    """The [workflow] table over all files; without a name it is a base to include."""

    name: str = ""
    version: str = "1.0"
    description: str = ""


def compose(
    workflows_dir: Path,
    configuration: str,
    *,
    workflow: str | None = None,
    testbed: Testbed | None = None,
    overrides: Sequence[Override] = (),
    unsaved: Mapping[Path, str] | None = None,
) -> Composition:
    """Compose the configuration with this name; `unsaved` holds texts of files that are being edited.

    Its workflow is `workflow` if that is given, else the one that it names. Configurations of the existing
    testbed name a processing chain there: if it has no Python file, the workflow of testbed.toml is used.

    Raises ConfigurationError with every problem found.
    """
    path = plain_name("configuration", configuration, workflows_dir, ".toml")
    if path.name == TESTBED_FILE:
        raise ConfigurationError(Problem("testbed.toml is not a configuration", "Name a configuration", path))
    problems: list[Problem] = []
    warnings: list[str] = []
    documents = IncludeTree(workflows_dir, dict(unsaved or {})).load(path, problems)
    heading = _heading(documents, problems, warnings)
    if heading.name:
        name = workflow or _workflow_of(heading.name, workflows_dir, testbed)
        if name != heading.name:
            line = documents[-1].place("workflow", "name").line
            warnings.append(f"{path}:{line}: names workflow {heading.name}; it is used with workflow {name}")
        heading = replace(heading, name=name)
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


def _workflow_of(named: str, workflows_dir: Path, testbed: Testbed | None) -> str:
    """The workflow that a configuration names; that of testbed.toml where only this one has a Python file."""
    other = str(testbed.workflow.get("name") or "") if testbed else ""
    is_file = [
        bool(PLAIN_NAME.fullmatch(one)) and (workflows_dir / f"{one}.py").is_file() for one in (named, other)
    ]
    return other if is_file == [False, True] else named


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
                warnings.append(
                    f"{document.path}:{line}: [workflow] {key} is unknown and ignored. {remedy}".rstrip()
                )
    if isinstance(main.data.get("workflow"), dict) and "name" not in found:
        remedy = 'Add name = "stf_datataking", the name of the workflow\'s Python file'
        problems.append(
            main.problem("missing: a configuration must name its workflow", "workflow", "name", remedy=remedy)
        )
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
        problems.append(document.problem("is not a valid workflow name", *keys, value=value, remedy=remedy))
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
            merge.warnings.append(f"[{name}] is not a known section and is passed on unchecked. {remedy}")


def _warn_sizes(merge: Merge) -> None:
    for key, value in fold(merge.sections).items():
        parameter = merge.rules.schema.get(key)
        if parameter and isinstance(value, int | float) and parameter.is_large(value):
            size = f"{value:,} {parameter.unit}".rstrip()
            merge.warnings.append(f"{key} is very large: {size}")
