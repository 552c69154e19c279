"""The terminal operations console for streaming workflows in large physics experiments."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__version__ = "0.2.0"


class _OldNames:
    """Finds what 0.1 called its modules, asked last: it costs nothing where a module exists."""

    @staticmethod
    def find_spec(
        name: str,
        path: "Sequence[str] | None" = None,  # noqa: ARG004 (the import system passes it)
        target: "ModuleType | None" = None,  # noqa: ARG004
    ) -> "ModuleSpec | None":
        """The module of an old name; None for every other name."""
        if not name.startswith("swf_console."):
            return None
        from .old_names import find_spec

        return find_spec(name)


sys.meta_path.append(_OldNames)
