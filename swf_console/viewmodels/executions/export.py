"""Exports an execution to a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from ...backend.core.errors import UsageError
from ...backend.services.executions.export import ExecutionExport

if TYPE_CHECKING:
    from ..context import ConsoleContext


def export_execution(context: "ConsoleContext", execution_id: str, folder: Path | None = None) -> str:
    """Write it to `folder` (default: where the console was started); returns a summary. Blocks.

    Raises UsageError if the execution is unknown or the file cannot be written.
    """
    name = f"{execution_id}.json"
    if Path(name).name != name or not name.isprintable():
        raise UsageError(
            f"{execution_id[:60]!r} is not a valid file name",
            "Export it with swf-console export --output FILE",
        )
    export = ExecutionExport(context.settings, context.database(), execution_id)
    written = export.write((folder or Path.cwd()) / name)
    return f"{written.file}: {written.messages:,} messages, {written.bytes:,} bytes"
