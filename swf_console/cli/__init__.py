"""One module a command: add_arguments(parser), and run(arguments), which calls operations and prints."""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line: `from swf_console.cli import main` is what files of 0.1 homes say."""
    # A function in the package, since the module `main` in it would be imported in its place.
    from ..old_names import value_of

    code: int = value_of(f"{__name__}.main")(argv)
    return code
