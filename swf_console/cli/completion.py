"""`swf-console completion SHELL`: print a completion script for bash, zsh or tcsh."""

import argparse

from .output import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(arguments: argparse.Namespace) -> int:
    """Print the script; save it in the shell's folder of completions."""
    import shtab

    from .main import COMMANDS, build_parser

    show(shtab.complete(build_parser(*COMMANDS), shell=arguments.shell))
    return 0
