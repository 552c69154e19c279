"""Titled parts of what a command shows; one with nothing in it is left out."""

from collections.abc import Iterable
from typing import Any

from .output import fields, table
from .text import brief, heading


def show_table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """A titled table, where there is anything in it."""
    found = list(rows)
    if found:
        heading(title)
        table(columns, found)


def show_pairs(title: str, pairs: Iterable[tuple[str, Any]]) -> None:
    """Titled names and values, where there are any."""
    found = [(brief(name, 80), brief(value)) for name, value in pairs if value is not None]
    if found:
        heading(title)
        fields(found)
