"""Namespaces and configuration values as rows."""

from typing import TYPE_CHECKING, cast

from ...backend.core.sanitize import brief
from ...widgets.semantic_colors import Part, SemanticColor
from ...widgets.symbols import symbol
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell
from ...widgets.table.short_list import Item

if TYPE_CHECKING:
    from ...backend.services.configurations import FileValue, Preview
    from ...viewmodels.executions.launch import ValueRow
    from ...viewmodels.namespaces.snapshot import FileSnapshot, NamespaceChoice

NAMESPACE_COLUMNS = (
    Column("symbol", "", 1),
    Column("name", "NAMESPACE", 30, least=20, grows=True),
    Column("owner", "OWNER", 14, least=13),
    Column("executions", "EXECUTIONS", 10, right=True),
    Column("messages", "MESSAGES", 10, right=True),
)
VALUE_COLUMNS = (
    Column("name", "VALUE", 30, least=24),
    Column("value", "", 24, least=14, grows=True),
    Column("unit", "", 7),
    Column("source", "FROM", 32, least=15, tail=True),
)
COMPOSED = "composed "


def namespace_item(one: "NamespaceChoice", current: str | None, user: str) -> Item:
    """A namespace as a row."""
    is_current = one.name == current
    color: SemanticColor = "ok" if is_current else "plain"
    owner = f"{brief(one.owner, 40)}{' (you)' if one.owner == user else ''}"
    cells = (
        Cell(symbol("ok") if is_current else " ", color),
        Cell(brief(one.name, 100), color),
        Cell(owner, "plain" if one.owner == user else "watch"),
        Cell(one.executions),
        Cell(one.messages),
    )
    return Item(one.name, cells, one)


def value_items(snapshot: "FileSnapshot") -> list[Item]:
    """The values of the file, then the composed configuration with the origin of each value."""
    items: list[Item] = []
    section = ""
    for value in snapshot.values:
        head = value.key.rpartition(".")[0]
        if head != section:
            section = head
            items.append(_heading(f"file {head}", f"{brief(snapshot.name, 60)} [{brief(head, 60)}]"))
        items.append(_file_item(value, snapshot.name))
    section = ""
    for row in snapshot.checked.rows if snapshot.checked else ():
        if row.section != section:
            section = row.section
            items.append(_heading(f"composed {section}", f"{snapshot.configuration} composed: [{section}]"))
        items.append(_composed_item(row, snapshot.name))
    return items


def edit_key(item: Item) -> str:
    """The `section.key` of a row."""
    return item.key.partition(" ")[2]


def preview_lines(preview: "Preview") -> list[list[Part]]:
    """The diff of an edit, or its problems."""
    lines: list[list[Part]] = [[(f"{symbol('bad')} {brief(text)}", "bad")] for text in preview.problems]
    colors: dict[str, SemanticColor] = {"+": "ok", "-": "bad", "@": "unknown"}
    lines += [
        [(brief(line, 300), colors.get(line[:1], "plain"))] for line in preview.diff if line[:2] != "@@"
    ]
    return lines or [[("no change", "unknown")]]


def help_lines(item: Item | None) -> list[list[Part]]:
    """The meaning of the value under the cursor."""
    if item is None or not item.key.startswith(COMPOSED):
        return [[("Enter edits the value. The difference is shown before anything is written", "unknown")]]
    row = cast("ValueRow", item.value)
    said = ", ".join(text for text in (row.help, row.allowed) if text)
    lines: list[list[Part]] = [[(f"{brief(edit_key(item), 100)}: ", "busy"), (brief(said, 300), "plain")]]
    if row.replaced:
        lines.append([(f"replaces {brief(row.replaced, 300)}", "unknown")])
    return lines


def _heading(key: str, text: str) -> Item:
    return Item(f"#{key}", (Cell(text),), heading=True)


def _file_item(value: "FileValue", file: str) -> Item:
    name = value.key.rpartition(".")[2]
    cells = (
        Cell(f"  {brief(name, 60)}"),
        Cell(brief(value.value, 200)),
        Cell(""),
        Cell(f"{brief(file, 60)}:{value.line}", "unknown"),
    )
    return Item(f"file {value.key}", cells, value)


def _composed_item(row: "ValueRow", file: str) -> Item:
    from_file = row.source.startswith(f"{file}:")
    cells = (
        Cell(f"  {brief(row.name, 60)}", "plain" if row.effective else "off"),
        Cell(brief(row.value, 200), "busy" if from_file else "plain" if row.effective else "off"),
        Cell(brief(row.unit, 10), "unknown"),
        Cell(
            brief(row.source, 80) if row.effective else "overridden below", "busy" if from_file else "unknown"
        ),
    )
    return Item(f"{COMPOSED}{row.key}", cells, row)
