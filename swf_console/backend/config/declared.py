"""The parameters that a workflow's Python file declares: read as a literal, not executed.

    PARAMETERS = {
        "detector_gain": {"type": "number", "unit": "dB", "minimum": 0, "maximum": 40, "default": 10,
                          "help": "Gain of the first amplifier", "section": "my_detector"},
    }

`type` is integer, number, string or boolean; all other fields are optional.
"""

import ast
import re
from pathlib import Path
from typing import Any

from ..core.errors import ConfigurationError, Problem
from .documents import MAXIMUM_BYTES
from .parameter_schema import KINDS, BadValue, Parameter
from .parameters import BASE_SECTION

DECLARATION = re.compile(rb"^PARAMETERS\b", re.MULTILINE)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
FIELDS: dict[str, tuple[type, ...]] = {
    "type": (str,),
    "unit": (str,),
    "help": (str,),
    "section": (str,),
    "minimum": (int, float),
    "maximum": (int, float),
    "large": (int, float),
    "choices": (list, tuple),
    "default": (int, float, str, bool),
}


def declared_parameters(workflow_file: Path) -> tuple[Parameter, ...] | None:
    """The PARAMETERS of `workflow_file`, or None without a declaration.

    A missing or invalid file declares nothing: load_workflow() reports that.
    Raises ConfigurationError if PARAMETERS is not a literal of the form above.
    """
    try:
        with workflow_file.open("rb") as file:
            source = file.read(MAXIMUM_BYTES)
    except OSError:
        return None
    if not DECLARATION.search(source):
        return None
    node = _assigned(source)
    return None if node is None else _read(node, workflow_file)


def _assigned(source: bytes) -> ast.expr | None:
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for statement in module.body:
        targets = (
            statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        )
        if any(isinstance(target, ast.Name) and target.id == "PARAMETERS" for target in targets):
            value: ast.expr | None = getattr(statement, "value", None)
            return value
    return None


def _read(node: ast.expr, file: Path) -> tuple[Parameter, ...]:
    try:
        table = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        table = None
    if not isinstance(table, dict):
        raise ConfigurationError(
            Problem("PARAMETERS must be a literal table of tables", file=file, line=node.lineno)
        )
    keys = getattr(node, "keys", [])
    lines = [getattr(key, "lineno", node.lineno) for key in keys]
    problems = []
    parameters = []
    for (name, fields), line in zip(table.items(), lines, strict=False):
        try:
            parameters.append(_parameter(name, fields))
        except BadValue as error:
            problems.append(Problem(str(error), file=file, line=line, field=f"PARAMETERS.{name}"))
    if problems:
        raise ConfigurationError(*problems)
    return tuple(parameters)


def _parameter(name: Any, fields: Any) -> Parameter:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadValue("a parameter name consists of letters, digits, '_' and '-'")
    if not isinstance(fields, dict) or fields.get("type") not in KINDS:
        raise BadValue(f"must be a table with a type of {', '.join(KINDS)}")
    for key, value in fields.items():
        if key not in FIELDS:
            raise BadValue(f"has an unknown field {key!r}; allowed: {', '.join(FIELDS)}")
        if not isinstance(value, FIELDS[key]):
            raise BadValue(f"{key} has the wrong type")
    rest = {key: value for key, value in fields.items() if key not in {"type", "choices", "default"}}
    rest = {"help": "", "section": BASE_SECTION, **rest}
    parameter = Parameter(name, fields["type"], choices=tuple(map(str, fields.get("choices", ()))), **rest)
    if "default" not in fields:
        return parameter
    return Parameter(
        name, fields["type"], **rest, choices=parameter.choices, default=parameter.fit(fields["default"])
    )
