"""`python -m swf_console.launch WHAT`: what agents.supervisord.conf runs in place of a program."""

from collections.abc import Mapping
from typing import NoReturn

from .backend.supervisor import launcher

__all__ = ["main"]


def main() -> NoReturn:
    """Become the program that the command line names; for supervisord alone."""
    launcher.main(_addresses)


def _addresses(environment: Mapping[str, str], uses_package: bool) -> Mapping[str, str]:
    from .backend.services.environment_export import program_addresses

    return program_addresses(environment, uses_package)


if __name__ == "__main__":
    main()
