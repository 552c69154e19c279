"""Which values a workflow's sections may hold: the schema and where it applies."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.redaction import redact
from ..core.suggest import suggest
from .declared import declared_parameters
from .parameter_schema import BadValue, Parameter, Schema
from .parameters import DATATAKING, DATATAKING_PARAMETERS, KNOWN_SECTIONS


class InvalidValue(ValueError):
    """A value that is not valid, with a remedy."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True)
class Rules:
    """The rules of one workflow.

    A described workflow (ours, or one that declares PARAMETERS) refuses unknown names in the known
    sections. Other sections, and workflows without a declaration, may have any names. `own` are the
    workflow's parameters, as its definition stores them.
    """

    schema: Schema
    described: bool
    strict_sections: frozenset[str]
    own: tuple[Parameter, ...]

    def fit(self, section: str | None, key: str, value: Any, *, lenient: bool) -> Any:
        """`value` in the type of its parameter; `section` is None for a bare name. Raises InvalidValue."""
        parameter = self.schema.get(key)
        if parameter and (self.described or section is None or section in KNOWN_SECTIONS):
            return _fitted(parameter, value, lenient)
        if parameter is None and self.described and (section is None or section in self.strict_sections):
            remedy = suggest(
                key, self.schema.names, otherwise="List the parameters: swf-console config show NAME"
            )
            raise InvalidValue("unknown parameter", remedy)
        if any(isinstance(each, float) and not math.isfinite(each) for each in _scalars(value)):
            raise InvalidValue("must be a finite number")
        return value


def rules_of(workflow_name: str, workflows_dir: Path) -> Rules:
    """The rules of a workflow; without a name it is a base to include, checked like data taking.

    Raises ConfigurationError for invalid PARAMETERS.
    """
    declared = declared_parameters(workflows_dir / f"{workflow_name}.py") if workflow_name else None
    own = declared or ()
    if workflow_name in {DATATAKING, ""}:
        own = (*DATATAKING_PARAMETERS, *own)
    return Rules(
        schema=Schema((*DATATAKING_PARAMETERS, *own)),
        own=tuple(Schema(own)),
        described=workflow_name in {DATATAKING, ""} or declared is not None,
        strict_sections=frozenset({*KNOWN_SECTIONS, "parameters", *(each.section for each in own)}),
    )


def shown(value: Any, *keys: str) -> str:
    """A value for an error message: redacted and shortened."""
    safe = redact(value, *keys)
    text = str(safe).lower() if isinstance(safe, bool) else str(safe)
    return text if len(text) <= 80 else text[:77] + "..."


def _fitted(parameter: Parameter, value: Any, lenient: bool) -> Any:
    try:
        return parameter.fit(value, lenient=lenient)
    except BadValue as error:
        remedy = f"{parameter.name}: {parameter.help}"
        raise InvalidValue(str(error), remedy) from None


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _scalars(each)
    else:
        yield value
