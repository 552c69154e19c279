"""Tools that show runs, STF files and TF slices."""

from typing import Any

from ...backend.core.times import parse_time
from ...backend.database.records.processing import SliceFilter
from ...backend.services import processing
from ..tool import Cursor, Limit, Line, Number, RowId, Run, TimeText, ToolContext, tool


@tool()
def list_runs(
    context: ToolContext,
    *,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List DAQ runs, highest number first; start_time and end_time are bounds of their start."""
    return processing.list_runs(
        context.database(),
        cursor,
        limit,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
    )


@tool()
def get_run(context: ToolContext, *, run_number: Run) -> Any:
    """Show a DAQ run with its current state, its counters and its first 100 state events."""
    return processing.find_run(context.database(), run_number)


@tool()
def list_stf_files(
    context: ToolContext,
    *,
    run_number: Run | None = None,
    status: Line | None = None,
    machine_state: Line | None = None,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List STF files by name, last first.

    status is registered, processing, processed, done or failed; the times are bounds of the registration.
    """
    return processing.list_stf_files(
        context.database(),
        run_number=run_number,
        status=status,
        machine_state=machine_state,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
        after=cursor,
        limit=limit,
    )


@tool()
def get_stf_file(
    context: ToolContext, *, file_id: Line | None = None, stf_filename: Line | None = None
) -> Any:
    """Show an STF file, by id or name: its messages through the agents and its TF samples."""
    return processing.find_stf_file(context.database(), file_id=file_id, stf_filename=stf_filename)


@tool()
def list_tf_slices(
    context: ToolContext,
    *,
    run_number: Run | None = None,
    stf_filename: Line | None = None,
    tf_filename: Line | None = None,
    status: Line | None = None,
    assigned_worker: Line | None = None,
    id: RowId | None = None,  # noqa: A002 (an argument of the tool)
    fastmon_file_id: Line | None = None,
    start_time: TimeText | None = None,
    end_time: TimeText | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """List TF slices, last stored first; tf_filename is the TF sample's.

    status is queued, processing, completed or failed; the times are bounds of the creation.
    """
    wanted = SliceFilter(
        run_number=run_number,
        stf_filename=stf_filename,
        tf_filename=tf_filename,
        status=status,
        assigned_worker=assigned_worker,
        id=id,
        fastmon_file_id=fastmon_file_id,
        since=parse_time(start_time, "start_time"),
        until=parse_time(end_time, "end_time"),
    )
    return processing.list_tf_slices(context.database(), wanted, cursor, limit)


@tool()
def get_tf_slice(context: ToolContext, *, tf_filename: Line, slice_id: Number | None = None) -> Any:
    """Show a TF slice, by TF sample and slice_id, or by the slice's file name (..._slice_007.tf)."""
    return processing.find_tf_slice(context.database(), tf_filename, slice_id)
