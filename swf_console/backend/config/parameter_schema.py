"""Parameters: type, unit, range, default and help, and the check of a value."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["integer", "number", "string", "boolean"]
Scalar = int | float | str | bool

KINDS: dict[str, str] = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
}


class BadValue(ValueError):
    """A value that a parameter does not accept; the text says what it must be."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a workflow. `section` gets its default; values above `large` cause a warning.

    `pattern` are values that only the files of a home may have, beside the choices.
    """

    name: str
    kind: Kind
    help: str
    unit: str = ""
    default: Scalar | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    large: float | None = None
    section: str = "daq_state_machine"
    pattern: str = ""

    def fit(self, value: Any, *, lenient: bool = False) -> Scalar:
        """`value` as this parameter's type. Raises BadValue for a wrong type or out of range.

        An integral float counts as an integer. `lenient` also reads numbers and booleans from the text
        of a form or a message.
        """
        typed = self._typed(_from_text(value, self.kind) if lenient else value)
        named_in_a_file = not lenient and isinstance(typed, str) and re.fullmatch(self.pattern, typed)
        if not (self.pattern and named_in_a_file):
            self._check_range(typed)
        return typed

    def is_large(self, value: Scalar) -> bool:
        """Whether `value` is allowed but larger than usual."""
        return self.large is not None and not isinstance(value, str) and value > self.large

    @property
    def range(self) -> str:
        """The allowed values as text: `0 to 1 Hz`, `a or b`, or empty."""
        if self.choices:
            return " or ".join(self.choices)
        if self.kind == "boolean":
            return KINDS[self.kind]
        low, high = self.minimum, self.maximum
        if low is None and high is None:
            return ""
        limits = (
            f"{low:,.10g} or more"
            if high is None
            else f"{high:,.10g} or less"
            if low is None
            else f"{low:,.10g} to {high:,.10g}"
        )
        return f"{limits} {self.unit}".rstrip()

    def as_dict(self) -> dict[str, Any]:
        """The parameter as JSON, for a stored definition and for `--json`."""
        return {
            "name": self.name,
            "type": self.kind,
            "unit": self.unit,
            "default": self.default,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "choices": list(self.choices),
            "section": self.section,
            "help": self.help,
        }

    def _typed(self, value: Any) -> Scalar:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, float) and not math.isfinite(value):
            raise BadValue("must be a finite number")
        if self.kind == "integer" and is_number and value == int(value):
            return int(value)
        if self.kind == "number" and is_number:
            return value  # type: ignore[no-any-return]
        if self.kind == "boolean" and isinstance(value, bool):
            return value
        if self.kind == "string" and isinstance(value, str):
            return value
        raise BadValue(f"must be {KINDS[self.kind]}")

    def _check_range(self, value: Scalar) -> None:
        if self.choices and value not in self.choices:
            raise BadValue(f"must be {self.range}")
        if isinstance(value, str):
            return
        if (self.minimum is not None and value < self.minimum) or (
            self.maximum is not None and value > self.maximum
        ):
            raise BadValue(f"is out of range: {self.range}")


class Schema:
    """The parameters that one workflow knows."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._parameters = {parameter.name: parameter for parameter in parameters}

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._parameters.values())

    def get(self, name: str) -> Parameter | None:
        """The parameter with this name, or None."""
        return self._parameters.get(name)

    @property
    def names(self) -> list[str]:
        """The names of all parameters."""
        return list(self._parameters)

    def defaults(self) -> dict[str, Scalar]:
        """The default of every parameter that has one."""
        return {each.name: each.default for each in self._parameters.values() if each.default is not None}


def _from_text(value: Any, kind: Kind) -> Any:
    if kind == "string":
        return value if isinstance(value, str) else str(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), value)
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return value
