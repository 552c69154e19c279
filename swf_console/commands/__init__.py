"""One module a command: add_arguments(parser), and run(arguments), which calls operations and prints."""

from typing import TYPE_CHECKING, Any

if not TYPE_CHECKING:  # a type checker knows every name there is

    def __getattr__(name: str) -> Any:
        """An old name that stands where a package is now."""
        from ..old_names import value_of

        return value_of(f"{__name__}.{name}")
