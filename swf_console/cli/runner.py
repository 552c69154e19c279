"""`swf-console runner`: the persistent workflow runner in the foreground; with a workflow, one execution."""

import argparse
import signal
from types import FrameType

from ..backend.core.logs import log_to_file
from ..backend.core.settings import load_settings
from .output import say
from .run import add_once_arguments
from .run import run as run_once


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The namespace that it serves, or the workflow that it executes once."""
    parser.add_argument(
        "workflow_name", nargs="?", metavar="WORKFLOW", help="run this workflow once and exit"
    )
    add_once_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT, SIGHUP or SIGQUIT; running executions end as terminated.

    With a workflow, run it once.
    """
    if arguments.run or arguments.workflow_name:
        arguments.run = arguments.run or arguments.workflow_name
        return run_once(arguments)
    from ..backend.config.names import resolve_namespace
    from ..backend.services.executions.request import testbed_of
    from ..backend.services.executions.watchdog import Watchdog, new_owner_id

    settings = load_settings(home=arguments.home, testbed_config=arguments.testbed_config)
    namespace = resolve_namespace(arguments.namespace, testbed_of(settings))
    log_to_file(settings.logs_dir / "workflow-runner.log", rotated=True)
    owner = new_owner_id(settings)
    watchdog = Watchdog(settings, owner)
    try:
        from ..backend.services.runner.server import RunnerAgent

        agent = RunnerAgent(settings, namespace, owner)

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            agent.stop()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, on_signal)
        say(f"{agent.name} serves namespace {namespace}; press Ctrl-C to stop")
        agent.serve()
    finally:
        watchdog.dismiss()
    return 0
