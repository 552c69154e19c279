"""A composed configuration: its values, where each came from, and what may be stored of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .agents import AgentNeed
from .catalogue import BASE_SECTION, FAST_SECTION, STF_SECTION
from .redaction import redact
from .schema import Parameter, Schema


@dataclass(frozen=True, slots=True)
class Replaced:
    """An earlier value, and where it stood; a secret is already redacted."""

    value: Any
    origin: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.value} ({_place(self.origin, self.line)})"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What set a value: `origin` is a file's name, a flag, `form`, `message` or `default`.

    `replaced` holds the values it took the place of, the latest first.
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
    """One row for `config show` and the launch form; `effective` is False where a later section hides it."""

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
        """What the executor sees: the base section with every other merged over it, in order."""
        return fold(self.sections)

    def stored(self) -> dict[str, Any]:
        """The parameter_values of an execution, as JSON can hold them, secrets redacted.

        `workflow.sections` is their merging order, which a database's JSON type does not keep.
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
        """The sections as they may be shown, secrets redacted."""
        return {name: redact(table, name) for name, table in self.sections.items()}

    def stored_provenance(self) -> dict[str, dict[str, Any]]:
        """The provenance of every value as JSON; holds no secret."""
        return {key: each.as_dict() for key, each in self.provenance.items()}

    def effective_section(self, key: str) -> str | None:
        """The section whose value of `key` the executor sees."""
        return next((name for name in reversed(self.sections) if key in self.sections[name]), None)

    def values(self) -> list[Value]:
        """Every value with where it came from, section by section, secrets redacted.

        The value that the executor sees also tells which values of earlier sections it hides.
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
            hidden = self._hidden(section, key)
            provenance = replace(provenance, replaced=(*provenance.replaced, *hidden))
        shown = redact(value, section, *keys)
        return Value(section, key, shown, provenance, is_effective, self.schema.get(key))

    def _hidden(self, section: str, key: str) -> list[Replaced]:
        hidden = []
        for name in reversed(self.sections):
            if name != section and key in self.sections[name]:
                source = self._provenance(name, (key,))
                hidden.append(
                    Replaced(redact(self.sections[name][key], name, key), source.origin, source.line)
                )
        return hidden

    def _provenance(self, section: str, keys: tuple[str, ...]) -> Provenance:
        """What set this value, or the table it came in."""
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
    """Every value of a table that is no table itself, with its path of keys; an empty table is a value."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in table.items():
        path = (*above, key)
        found += leaves(value, path) if isinstance(value, dict) and value else [(path, value)]
    return found


def _place(origin: str, line: int | None) -> str:
    return origin if line is None else f"{origin}:{line}"
