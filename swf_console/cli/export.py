"""`swf-console export ID`: an execution with all its records as one JSON document."""

import argparse
from pathlib import Path

from ..backend.core.settings import load_settings
from .arguments import add, add_json, given
from .output import emit, say, write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The execution and the file."""
    parser.add_argument("execution", metavar="ID", help="the execution's id")
    add(parser, "--output", "FILE", "write it to this file, atomically (stdout)")
    add_json(parser, "with --output: one JSON object about the written file")


def run(arguments: argparse.Namespace) -> int:
    """Write the document to stdout, or to a file."""
    from ..backend.services.database import opened
    from ..backend.services.executions.export import ExecutionExport

    settings = load_settings(home=arguments.home)
    output = given(arguments, "output")
    with opened(settings) as database:
        document = ExecutionExport(settings, database, arguments.execution)
        if output is None:
            for piece in document.pieces():
                write(piece)
            return 0
        written = document.write(Path(output).expanduser())
    if arguments.json:
        emit(written)
    else:
        say(f"{written.file}: {written.messages:,} messages, {written.bytes:,} bytes")
    return 0
