"""`swf-console executions`: list, show, stop, end, rerun and compare executions."""

import argparse
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..backend.core.errors import UsageError
from ..backend.core.format import duration_text, instant
from ..backend.core.settings import load_settings
from ..backend.core.times import parse_time, seconds_since
from .arguments import add, add_json, add_page, given, limit_of, seconds_of
from .output import brief, emit, say, show, table

if TYPE_CHECKING:
    from ..backend.core.settings import Settings
    from ..backend.database.records.workflows import ExecutionFilter, ExecutionSummary

STATUSES = ("running", "completed", "failed", "terminated")
# a workflow that does not yield is abandoned 10 s after its process has read the request
STOP_SECONDS = 20.0
NO_PROCESS = "no process was running it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions; without one, list."""
    add_list_arguments(parser)
    actions = parser.add_subparsers(dest="action", metavar="list|show|stop|end|rerun|diff")
    add_list_arguments(actions.add_parser("list", help="list executions, newest first"))
    shown = actions.add_parser("show", help="show one execution in detail")
    stopped = actions.add_parser("stop", help="stop an execution and wait for its end")
    ended = actions.add_parser("end", help="force terminate an execution that no process runs")
    add(ended, "--reason", "TEXT", "why, stored with the execution")
    rerun = actions.add_parser("rerun", help="run an execution again with the same parameters")
    for one in (shown, stopped, ended, rerun):
        one.add_argument("execution", metavar="ID", help="the execution's id")
    diff = actions.add_parser("diff", help="show the differences between two executions")
    diff.add_argument("execution", metavar="A", help="an execution's id")
    diff.add_argument("other", metavar="B", help="the other execution's id")
    add(stopped, "--timeout", "S", f"wait S seconds for its end ({STOP_SECONDS:g})")
    add_rerun_arguments(rerun)
    for one in (shown, stopped, ended, rerun, diff):
        add_json(one, "one JSON object" if one is not diff else "a JSON object for each difference")
    swept = actions.add_parser("sweep")
    swept.add_argument("--owner", required=True, help=argparse.SUPPRESS)
    swept.add_argument("--killed", action="store_true", help=argparse.SUPPRESS)


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """Filters of the list."""
    add(parser, "--namespace", "N", "only this namespace")
    add(parser, "--status", "STATUS", f"only this status: {', '.join(STATUSES)}")
    add(parser, "--workflow", "NAME", "only this workflow")
    add(parser, "--user", "USER", "only this user")
    add(parser, "--prefix", "TEXT", "only ids that begin with TEXT")
    add(parser, "--since", "TIME", "only started since: 2026-01-31T12:00 (UTC), or 10m, 2h, 3d ago")
    add_page(parser)
    add_json(parser, "one JSON object a line; the last line may name the next page")


def add_rerun_arguments(parser: argparse.ArgumentParser) -> None:
    """What a rerun may change."""
    add(parser, "--namespace", "N", "run in this namespace (default: the same)")
    add(parser, "--timeout", "S", "stop after S wall seconds (exit 4)")
    parser.add_argument(
        "--realtime",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="pace by the wall clock (default: as before)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "list": list_them,
        "show": show_one,
        "stop": stop,
        "end": end_one,
        "rerun": rerun,
        "diff": diff,
        "sweep": sweep,
    }
    return actions[arguments.action or "list"](arguments, load_settings(home=arguments.home))


def list_them(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print a page, newest first."""
    from ..backend.services.database import opened
    from ..backend.services.executions.queries import list_executions

    wanted = filter_of(arguments)
    limit = limit_of(arguments)
    with opened(settings) as database:
        page = list_executions(settings, database, wanted, given(arguments, "after"), limit)
    if arguments.json:
        for item in page.items:
            emit(item)
        if page.next:
            emit({"next": page.next})
        return 0
    if not page.items:
        say_nothing_found(wanted)
        return 0
    table(
        ("execution", "status", "started (UTC)", "took", "namespace", "user", "version", "error"),
        map(row_of, page.items),
    )
    if page.next:
        say(f"More: the same with --after {page.next}")
    return 0


def filter_of(arguments: argparse.Namespace) -> "ExecutionFilter":
    """The filter in the flags."""
    from ..backend.database.records.workflows import ExecutionFilter

    status = given(arguments, "status")
    if status is not None and status not in STATUSES:
        raise UsageError(f"--status {status[:40]} is not a status", f"Use one of {', '.join(STATUSES)}")
    return ExecutionFilter(
        status=status,
        namespace=given(arguments, "namespace"),
        executed_by=given(arguments, "user"),
        workflow_name=given(arguments, "workflow"),
        id_prefix=given(arguments, "prefix"),
        since=parse_time(given(arguments, "since"), "--since"),
    )


def row_of(execution: "ExecutionSummary") -> tuple[str, ...]:
    """An execution as a row of the list."""
    error = (execution.error_message or "").partition("\n")[0]
    return (
        brief(execution.execution_id),
        brief(execution.status),
        instant(execution.start_time),
        duration_text(seconds_since(execution.start_time, end)) if (end := execution.end_time) else "-",
        brief(execution.namespace, 40),
        brief(execution.executed_by, 40),
        brief(execution.version, 20),
        brief(error, 120),
    )


def say_nothing_found(wanted: "ExecutionFilter") -> None:
    """Advice for an empty list."""
    if any(value is not None for value in asdict(wanted).values()):
        say("No matching executions. Remove a filter: swf-console executions")
    else:
        say("No executions yet. Run one: swf-console --run stf_datataking --namespace NAME")


def show_one(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print everything about one execution."""
    from ..backend.services.database import opened
    from ..backend.services.executions.queries import execution_detail
    from .execution_detail import document_of, show_detail

    with opened(settings) as database:
        detail = execution_detail(settings, database, arguments.execution)
    if arguments.json:
        emit(document_of(detail))
    else:
        show_detail(detail)
    return 0


def stop(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Stop an execution and print how it ended."""
    from ..backend.services.database import opened
    from ..backend.services.executions.stop import stop_execution

    timeout = seconds_of(given(arguments, "timeout"), "--timeout", STOP_SECONDS) or STOP_SECONDS
    with opened(settings) as database:
        stopped = stop_execution(settings, database, arguments.execution, timeout)
    if arguments.json:
        emit(stopped)
    else:
        show(f"{brief(stopped.execution_id)}  {stopped.status}  (stop requested {stopped.seconds:.1f} s ago)")
    return 0


def end_one(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Force terminate an execution that no process runs, and print it."""
    from ..backend.services.database import opened
    from ..backend.services.executions.stop import force_terminate

    reason = " ".join((given(arguments, "reason") or "").split())[:500]
    with opened(settings) as database:
        ended = force_terminate(settings, database, arguments.execution, reason or NO_PROCESS)
    if arguments.json:
        emit(ended)
    else:
        show(f"{brief(ended.execution_id)}  {ended.status}  (force terminated by {settings.user})")
    return 0


def rerun(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Run an execution again, headless, with the exit codes and the report of --run."""
    from ..backend.services.database import opened
    from ..backend.services.executions.rerun import rerun_of
    from ..backend.services.executions.run_once import HeadlessRun
    from .run import progress_bar, show_report, stopped_by_signals, warn

    timeout = seconds_of(given(arguments, "timeout"), "--timeout", None)
    with opened(settings) as database:
        again = rerun_of(
            settings,
            database,
            arguments.execution,
            namespace=given(arguments, "namespace"),
            realtime=arguments.realtime,
        )
    for warning in again.warnings:
        warn(warning)
    headless = HeadlessRun(settings, again.request, warn=warn)
    with stopped_by_signals(headless), redirect_stdout(sys.stderr), progress_bar() as progress:
        report = headless.run(timeout=timeout, progress=progress)
    show_report(report, as_json=arguments.json)
    return report.exit_code


def diff(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the differences between two executions."""
    from ..backend.services.database import opened
    from ..backend.services.executions.diff import compare_executions

    with opened(settings) as database:
        comparison = compare_executions(database, arguments.execution, arguments.other)
    if arguments.json:
        for difference in comparison.differences:
            emit(difference)
        return 0
    if not comparison.differences:
        say("No differences.")
        return 0
    names = (comparison.first.execution_id, comparison.second.execution_id)
    table(
        ("what", "name", *(brief(name) for name in names)),
        (
            (one.kind, brief(one.name, 80), brief(one.first, 60), brief(one.second, 60))
            for one in comparison.differences
        ),
    )
    return 0


def sweep(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Close the executions of a dead process; its watchdog calls this."""
    from ..backend.services.database import opened
    from ..backend.services.executions import recovery

    with opened(settings) as database:
        for execution_id in recovery.sweep(
            settings, database, dead_owner=arguments.owner, killed=arguments.killed
        ):
            show(brief(execution_id))
    return 0
