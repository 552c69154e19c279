"""Rows as data: what a new column needs of its record."""

import importlib
import pkgutil
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from swf_console.backend.database import records


def extended() -> list[type[Any]]:
    """The records that other records extend."""
    found = []
    for module in pkgutil.iter_modules(records.__path__, f"{records.__name__}."):
        names = vars(importlib.import_module(module.name)).values()
        found += [one for one in names if is_dataclass(one) and isinstance(one, type)]
    return sorted({kind.__base__ for kind in found if kind.__base__ in found}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("record", extended())
def test_extended_record_accepts_field_with_default(record: type[Any]) -> None:
    # a subclass has fields without defaults, which may not follow positional ones with defaults
    assert [each.name for each in fields(record) if not each.kw_only] == []
