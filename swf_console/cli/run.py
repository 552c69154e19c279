"""`swf-console --run WORKFLOW`: one execution, headless. Without --run: the console."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from types import FrameType
from typing import TYPE_CHECKING, Any

from .arguments import add_debug

if TYPE_CHECKING:
    from ..backend.config.overrides import Override
    from ..backend.services.executions.request import RunRequest
    from ..backend.services.executions.run_once import HeadlessRun, Report

# flag -> the parameter that it overrides
PARAMETER_FLAGS = {
    "--stf-count": "stf_count",
    "--physics-period-count": "physics_period_count",
    "--physics-period-duration": "physics_period_duration",
    "--stf-interval": "stf_interval",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--run` with its options, and `--read-only` for the console."""
    add_once_arguments(parser)
    parser.add_argument("--read-only", action="store_true", help="open the console read-only")


def add_once_arguments(parser: argparse.ArgumentParser) -> None:
    """`--run` and everything that shapes one execution."""
    group = parser.add_argument_group("one execution, headless")
    group.add_argument("--run", "--run-once", metavar="WORKFLOW", help="run this workflow once and exit")
    add_execution_arguments(group)
    group.add_argument("--timeout", metavar="S", help="stop after S wall seconds (exit 4)")
    group.add_argument("--json", action="store_true", help="print the result as one JSON object")


def add_execution_arguments(group: Any, *, realtime: bool | None = False, configuration: bool = True) -> None:
    """The flags that shape an execution; `realtime` is the default of that flag."""
    if configuration:
        group.add_argument(
            "--workflow-config", "--config", metavar="NAME", help="configuration (<workflow>_default)"
        )
    group.add_argument("--testbed-config", metavar="FILE", help="testbed.toml (workflows/testbed.toml)")
    group.add_argument("--namespace", metavar="N", help="namespace (that of testbed.toml)")
    group.add_argument(
        "--realtime",
        action=argparse.BooleanOptionalAction,
        default=realtime,
        help="pace by the wall clock",
    )
    group.add_argument("--duration", metavar="S", help="end at S simulated seconds (0: no limit)")
    for flag, parameter in PARAMETER_FLAGS.items():
        group.add_argument(flag, metavar="N", help=f"override {parameter}")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override any parameter; may be repeated",
    )
    add_debug(group)


def run(arguments: argparse.Namespace) -> int:
    """Run one execution; without --run, open the console."""
    if not arguments.run:
        return open_console(arguments)
    from ..backend.core.settings import load_settings
    from ..backend.services.executions.run_once import HeadlessRun
    from .arguments import seconds_of

    timeout = seconds_of(arguments.timeout, "--timeout", None)
    settings = load_settings(home=arguments.home, testbed_config=arguments.testbed_config)
    headless = HeadlessRun(settings, request_of(arguments, arguments.run), warn=warn)
    # stdout is for the report: what a workflow prints goes to stderr
    with stopped_by_signals(headless), redirect_stdout(sys.stderr), progress_bar() as progress:
        report = headless.run(timeout=timeout, progress=progress)
    show_report(report, as_json=arguments.json)
    return report.exit_code


def open_console(arguments: argparse.Namespace) -> int:
    """Open the full-screen console. Raises UsageError without a terminal."""
    from ..backend.core.errors import UsageError
    from ..web import in_a_browser

    if not (sys.stdin.isatty() and sys.stdout.isatty()) and not in_a_browser():
        raise UsageError(
            "standard input and output are not a terminal",
            "Use --run WORKFLOW or a command: swf-console --help",
        )
    from .console import open_app

    return open_app(arguments)


def request_of(arguments: argparse.Namespace, workflow: str) -> "RunRequest":
    """The RunRequest that the flags describe."""
    from ..backend.services.executions.request import RunRequest, parse_duration

    return RunRequest(
        workflow=workflow,
        configuration=arguments.workflow_config,
        overrides=overrides_of(arguments),
        namespace=arguments.namespace,
        realtime=arguments.realtime,
        duration=parse_duration(arguments.duration, "--duration"),
    )


def overrides_of(arguments: argparse.Namespace) -> "tuple[Override, ...]":
    """What the flags set over the configuration."""
    from ..backend.config.overrides import parse_override, typed_override

    flags = {flag: getattr(arguments, parameter) for flag, parameter in PARAMETER_FLAGS.items()}
    named = [
        typed_override(PARAMETER_FLAGS[flag], value, flag)
        for flag, value in flags.items()
        if value is not None
    ]
    return (*named, *(parse_override(text, "--set") for text in arguments.set))


@contextmanager
def stopped_by_signals(headless: "HeadlessRun") -> Iterator[None]:
    """While active, SIGINT, SIGTERM and SIGHUP stop the execution."""

    def on_signal(number: int, _frame: FrameType | None) -> None:
        headless.interrupt(signal.Signals(number).name)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def progress_bar() -> AbstractContextManager[Any]:
    """A callable that draws progress on stderr; None if stderr is not a terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    from .charts import ProgressBar

    return ProgressBar()


def warn(text: str) -> None:
    """Print a warning as one line."""
    from ..backend.core.sanitize import sanitize
    from .output import say

    say(f"swf-console: warning: {sanitize(text)}")


def show_report(report: "Report", *, as_json: bool) -> None:
    """Print how the execution ended, as text or JSON."""
    from .output import emit, fields, show

    if as_json:
        emit(report)
        return
    metrics = report.performance_metrics
    why = f"  ({report.reason})" if report.reason != report.status else ""
    show(f"{report.execution_id}  {report.status}{why}")
    fields(
        [
            ("run", report.run_id),
            ("namespace", report.namespace),
            ("configuration", report.configuration),
            ("STFs", metrics.get("stf_count")),
            ("messages", sum(metrics.get("messages_by_type", {}).values())),
            ("simulated", f"{metrics.get('simulated_seconds', 0):g} s"),
            ("wall", f"{metrics.get('wall_seconds', 0):.3f} s"),
            ("error", report.error_message),
        ]
    )
