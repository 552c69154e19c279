"""Merge the layers of a configuration into sections, with the provenance of every value."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..core.errors import Problem
from ..core.redaction import redact
from ..core.suggest import suggest
from .documents import Document
from .overrides import KEY, Override
from .parameter_schema import Parameter, Schema
from .parameters import BASE_SECTION, FAST_SECTION, STF_SECTION
from .rules import InvalidValue, Rules, shown
from .testbed import NOT_PARAMETERS, AgentNeed, Testbed


@dataclass(frozen=True, slots=True)
class Replaced:
    """An overridden value and its origin; a secret is already redacted."""

    value: Any
    origin: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.value} ({_place(self.origin, self.line)})"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What set a value: `origin` is a file's name, a flag, `form`, `message` or `default`.

    `replaced` holds the values that it overrides, the latest first.
    """

    origin: str
    file: Path | None = None
    line: int | None = None
    replaced: tuple[Replaced, ...] = ()

    def __str__(self) -> str:
        return _place(self.origin, self.line)

    def as_dict(self) -> dict[str, Any]:
        """The provenance as JSON, without the folders of this machine."""
        earlier = [{"value": each.value, "origin": each.origin, "line": each.line} for each in self.replaced]
        return {"origin": self.origin, "line": self.line, "replaced": earlier}


@dataclass(frozen=True, slots=True)
class Value:
    """One row of `config show` and the launch form; `effective` is False if a later section overrides it."""

    section: str
    key: str
    value: Any
    provenance: Provenance
    effective: bool
    parameter: Parameter | None


@dataclass(frozen=True)
class Composition:
    """One configuration, composed and checked. `sections` are in merging order; nothing in it is shared."""

    configuration: str
    workflow_name: str
    version: str
    description: str
    sections: dict[str, dict[str, Any]] = field(repr=False)
    provenance: dict[str, Provenance] = field(repr=False)
    agents: dict[str, AgentNeed]
    warnings: tuple[str, ...]
    schema: Schema = field(repr=False)

    @property
    def workflow_type(self) -> str:
        """fast_processing or stf_processing, by the last of these sections; else custom."""
        named = [name for name in self.sections if name in {FAST_SECTION, STF_SECTION}]
        return named[-1] if named else "custom"

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The effective parameters: the base section with every other section merged over it, in order."""
        return fold(self.sections)

    def stored(self) -> dict[str, Any]:
        """The parameter_values of an execution as JSON, secrets redacted.

        `workflow.sections` is the merging order, which a database's JSON type does not preserve.
        """
        workflow = {
            "name": self.workflow_name,
            "version": self.version,
            "description": self.description,
            "configuration": self.configuration,
            "sections": list(self.sections),
        }
        return {"workflow": workflow, **self.shown_sections()}

    def shown_sections(self) -> dict[str, Any]:
        """The sections with secrets redacted."""
        return {name: redact(table, name) for name, table in self.sections.items()}

    def stored_provenance(self) -> dict[str, dict[str, Any]]:
        """The provenance of every value as JSON, without secrets."""
        return {key: each.as_dict() for key, each in self.provenance.items()}

    def effective_section(self, key: str) -> str | None:
        """The section whose value of `key` the executor sees."""
        return next((name for name in reversed(self.sections) if key in self.sections[name]), None)

    def values(self) -> list[Value]:
        """Every value with its provenance, section by section, secrets redacted.

        The provenance of an effective value includes the values of earlier sections that it overrides.
        """
        return [
            self._value(name, keys, value)
            for name, table in self.sections.items()
            for keys, value in leaves(table)
        ]

    def _value(self, section: str, keys: tuple[str, ...], value: Any) -> Value:
        key = ".".join(keys)
        provenance = self._provenance(section, keys)
        is_effective = self.effective_section(keys[0]) == section
        if is_effective and len(keys) == 1:
            hidden = self._overridden(section, key)
            provenance = replace(provenance, replaced=(*provenance.replaced, *hidden))
        shown = redact(value, section, *keys)
        return Value(section, key, shown, provenance, is_effective, self.schema.get(key))

    def _overridden(self, section: str, key: str) -> list[Replaced]:
        hidden = []
        for name in reversed(self.sections):
            if name != section and key in self.sections[name]:
                source = self._provenance(name, (key,))
                hidden.append(
                    Replaced(redact(self.sections[name][key], name, key), source.origin, source.line)
                )
        return hidden

    def _provenance(self, section: str, keys: tuple[str, ...]) -> Provenance:
        """The provenance of this value, or of the table around it."""
        names = (".".join((section, *keys[:end])) for end in range(len(keys), 0, -1))
        return next(self.provenance[name] for name in names if name in self.provenance)


def fold(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The base section with every other section merged over it, in their order."""
    merged = dict(sections.get(BASE_SECTION, {}))
    for name, table in sections.items():
        if name != BASE_SECTION:
            merged.update(table)
    return merged


def leaves(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every value of a table that is not a table, with its path of keys; an empty table is a value."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in table.items():
        path = (*above, key)
        found += leaves(value, path) if isinstance(value, dict) and value else [(path, value)]
    return found


def _place(origin: str, line: int | None) -> str:
    return origin if line is None else f"{origin}:{line}"


Keys = tuple[str, ...]


@dataclass
class Merge:
    """The sections while they are merged; problems are collected, so that all can be reported together."""

    rules: Rules
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    provenance: dict[str, Provenance] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_document(self, document: Document) -> None:
        """Merge the parameter sections of one file over the earlier ones."""
        for name, table in document.data.items():
            if name in NOT_PARAMETERS:
                continue
            if isinstance(table, dict):
                self.sections.setdefault(name, {})
                self._add_table(document, name, table)
            else:
                remedy = "Put it under a [section], or under [workflow]"
                self.problems.append(document.problem("is a value outside any section", name, remedy=remedy))
        self._base_first()

    def add_defaults(self) -> None:
        """Add missing defaults to the sections; the base section is created if it is missing."""
        present = fold(self.sections)
        for parameter in self.rules.own:
            section = parameter.section
            if parameter.default is None or parameter.name in present:
                continue
            if section == BASE_SECTION or section in self.sections:
                self.sections.setdefault(section, {})
                self._put((section, parameter.name), parameter.default, Provenance("default"))
        self._base_first()

    def add_testbed(self, testbed: Testbed) -> None:
        """Merge testbed.toml: sections that exist in the configuration, then `[parameters]`; nothing else."""
        for name, table in testbed.sections.items():
            if name in self.sections:
                self._add_table(testbed.document, name, table)
                self._warn_overridden(name, table, testbed)
            elif name not in self.rules.strict_sections:
                self._warn_misspelt(name, testbed)
        for key, value in testbed.parameters.items():
            place = testbed.document.place("parameters", key)
            source = Provenance(testbed.path.name, testbed.path, place.line)
            try:
                self._put_bare(key, self._fit_bare(key, value, lenient=False), source)
            except InvalidValue as error:
                problem = testbed.document.problem(
                    str(error), "parameters", key, value=shown(value, key), remedy=error.remedy
                )
                self.problems.append(problem)

    def add_override(self, override: Override) -> None:
        """Apply one override after all files."""
        section, _, key = override.key.partition(".")
        try:
            if not KEY.fullmatch(override.key):
                raise InvalidValue("is not a valid parameter name")
            if key:
                self._override_in(section, key, override)
            else:
                value = self._fit_bare(section, _value_of(override, self.rules, section), lenient=True)
                self._put_bare(section, value, Provenance(override.origin))
        except InvalidValue as error:
            value = shown(
                override.value if override.text is None else override.text, *override.key.split(".")
            )
            problem = Problem(str(error), error.remedy, override.origin, field=override.key, value=value)
            self.problems.append(problem)

    def _override_in(self, section: str, key: str, override: Override) -> None:
        if section not in self.sections:
            known = ", ".join(self.sections)
            remedy = suggest(section, self.sections, otherwise=f"Sections: {known}" if known else "")
            raise InvalidValue(f"section not found in this configuration: [{section}]", remedy)
        value = self.rules.fit(section, key, _value_of(override, self.rules, key), lenient=True)
        source = Provenance(override.origin)
        self._put((section, *key.split(".")), value, source)
        order = list(self.sections)
        for later in order[order.index(section) + 1 :]:
            if key in self.sections[later]:
                self._put((later, key), value, source)

    def _fit_bare(self, key: str, value: Any, *, lenient: bool) -> Any:
        owners = [name for name, table in self.sections.items() if key in table]
        return self.rules.fit(owners[-1] if owners else None, key, value, lenient=lenient)

    def _put_bare(self, key: str, value: Any, source: Provenance) -> None:
        """Set it in every section that has the name: workflows may merge the sections themselves."""
        owners = [name for name, table in self.sections.items() if key in table]
        if not owners:
            owners = [next(reversed(self.sections), BASE_SECTION)]
        for name in owners:
            self.sections.setdefault(name, {})
            self._put((name, key), value, source)

    def _add_table(
        self, document: Document, section: str, table: Mapping[str, Any], above: Keys = ()
    ) -> None:
        for key, value in table.items():
            path = (section, *above, key)
            try:
                fitted = value if above else self.rules.fit(section, key, value, lenient=False)
            except InvalidValue as error:
                text = shown(value, *path)
                self.problems.append(document.problem(str(error), *path, value=text, remedy=error.remedy))
                continue
            if isinstance(fitted, dict) and (fitted or self._has_table(path)):
                self._add_table(document, section, fitted, (*above, key))
            else:
                line = document.place(*path).line
                self._put(path, fitted, Provenance(document.path.name, document.path, line))

    def _has_table(self, path: Keys) -> bool:
        """Whether a table exists at `path`, which an empty table must not replace."""
        table: Any = self.sections
        for key in path:
            table = table.get(key) if isinstance(table, dict) else None
        return isinstance(table, dict)

    def _put(self, path: Keys, value: Any, source: Provenance) -> None:
        table = self.sections[path[0]]
        for end in range(1, len(path) - 1):
            below = table.get(path[end])
            if not isinstance(below, dict):
                self.provenance.pop(".".join(path[: end + 1]), None)
                below = table[path[end]] = {}
            elif not below:
                self.provenance.pop(".".join(path[: end + 1]), None)
            table = below
        name = ".".join(path)
        earlier = self.provenance.get(name)
        if earlier:
            replaced = Replaced(redact(table[path[-1]], *path), earlier.origin, earlier.line)
            source = Provenance(source.origin, source.file, source.line, (replaced, *earlier.replaced))
        elif path[-1] in table:
            for below_name in [each for each in self.provenance if each.startswith(f"{name}.")]:
                del self.provenance[below_name]
        table[path[-1]] = copy.deepcopy(value)
        self.provenance[name] = source

    def _base_first(self) -> None:
        if BASE_SECTION in self.sections:
            self.sections = {BASE_SECTION: self.sections.pop(BASE_SECTION), **self.sections}

    def _warn_overridden(self, section: str, table: Mapping[str, Any], testbed: Testbed) -> None:
        order = list(self.sections)
        for key in table:
            hiding = [name for name in order[order.index(section) + 1 :] if key in self.sections[name]]
            if hiding:
                line = testbed.document.place(section, key).line
                self.warnings.append(
                    f"{testbed.path}:{line}: [{section}] {key} has no effect: "
                    f"[{hiding[-1]}] is merged later and also sets {key}"
                )

    def _warn_misspelt(self, section: str, testbed: Testbed) -> None:
        remedy = suggest(section, self.sections)
        if remedy:
            line = testbed.document.place(section).line
            self.warnings.append(
                f"{testbed.path}:{line}: [{section}] is not in any file of this configuration. {remedy}"
            )


def _value_of(override: Override, rules: Rules, key: str) -> Any:
    """The given value; for a parameter of type string the text itself (`--set x=1` is "1")."""
    parameter = rules.schema.get(key)
    needs_text = parameter and parameter.kind == "string" and not isinstance(override.value, str)
    return override.text if needs_text and override.text is not None else override.value
