"""Definitions and their parameters as cells."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...backend.core.format import as_text, clock
from ...backend.core.sanitize import brief
from ...backend.services.executions.diff import flattened
from ...widgets.semantic_colors import SemanticColor
from ...widgets.symbols import symbol
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell, ListSource

if TYPE_CHECKING:
    from ...backend.database.records.workflows import DefinitionSummary

DEFINITIONS = (
    Column("workflow", "WORKFLOW", 24, least=16, grows=True),
    Column("version", "VERSION", 10, least=8),
    Column("type", "TYPE", 16, least=10),
    Column("drift", "DRIFT", 16),
    Column("created", "STORED (UTC)", 14),
    Column("by", "BY", 14, least=8),
    Column("id", "ID", 6, right=True),
)
SCHEMA = (
    Column("name", "PARAMETER", 42, least=28, tail=True),
    Column("default", "DEFAULT", 14, least=7),
    Column("type", "TYPE", 15, least=14),
    Column("help", "MEANING", 40, least=20, grows=True),
    Column("range", "RANGE", 20, least=14),
)
DRIFT: Mapping[bool | None, tuple[SemanticColor, str]] = {
    False: ("ok", "same as file"),
    True: ("watch", "file differs"),
    None: ("unknown", "file missing"),
}


def drift_cell(drifted: bool | None) -> Cell:
    """Whether the workflow's file differs from the stored code."""
    color, words = DRIFT[drifted]
    return Cell(f"{symbol(color)} {words}", color)


def definition_cells(definition: "DefinitionSummary", drifted: bool | None) -> tuple[Cell, ...]:
    """A definition of the list."""
    return (
        Cell(brief(definition.workflow_name, 100)),
        Cell(brief(definition.version, 40)),
        Cell(brief(definition.workflow_type, 60)),
        drift_cell(drifted),
        Cell(clock(definition.created_at)),
        Cell(brief(definition.created_by, 60)),
        Cell(str(definition.id)),
    )


def schema_rows(parameters: Mapping[str, Any]) -> ListSource:
    """The parameters with their meanings; of a foreign definition without a schema, names and values."""
    schema = [one for one in parameters.get("schema") or () if isinstance(one, dict)]
    if schema:
        return ListSource([(str(n), _described(one), one) for n, one in enumerate(schema)])
    return ListSource(
        [
            (name, (Cell(brief(name, 120)), Cell(brief(as_text(value)))), value)
            for name, value in flattened(parameters)
            if name
        ]
    )


def _described(one: Mapping[str, Any]) -> tuple[Cell, ...]:
    section, name = one.get("section"), one.get("name")
    unit = f" {one['unit']}" if one.get("unit") else ""
    return (
        Cell(brief(f"{section}.{name}" if section else name, 120)),
        Cell(brief(as_text(one.get("default")), 60)),
        Cell(brief(f"{one.get('type', '')}{unit}", 40)),
        Cell(brief(one.get("help") or "", 300)),
        Cell(brief(_range(one), 100), "unknown"),
    )


def _range(one: Mapping[str, Any]) -> str:
    if one.get("choices"):
        return ", ".join(map(str, one["choices"]))
    low, high = one.get("minimum"), one.get("maximum")
    if low is None and high is None:
        return ""
    return f"{'' if low is None else as_text(low)} .. {'' if high is None else as_text(high)}"
