"""`swf-console up [NAME]`: start what is needed, request an execution, return immediately."""

import argparse
from typing import TYPE_CHECKING

from ..backend.core.settings import load_settings
from .arguments import add_json, add_request_id, given, seconds_of
from .output import emit, keep_logs_off_the_screen, say, show
from .run import add_execution_arguments, overrides_of

if TYPE_CHECKING:
    from ..backend.services.agents.control import ProcessReport
    from ..backend.services.testbed import TestbedRun, TestbedServices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The configuration and its overrides."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="configuration, with or without _default")
    parser.add_argument(
        "--services", action="store_true", help="start only the embedded broker and the monitor, as needed"
    )
    add_execution_arguments(parser, realtime=None)
    add_request_id(parser)
    add_json(parser, "one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Start agents, send run_workflow, print the execution id."""
    from ..backend.services.executions.request import RunRequest
    from ..backend.services.testbed import run_testbed, start_services

    keep_logs_off_the_screen()
    settings = load_settings(home=arguments.home, testbed_config=given(arguments, "testbed_config"))
    if arguments.services:
        services = start_services(settings)
        if given(arguments, "json"):
            emit(services)
        else:
            show_services(services)
        return 0
    request = RunRequest(
        configuration=arguments.name or arguments.workflow_config,
        overrides=overrides_of(arguments),
        namespace=arguments.namespace,
        realtime=arguments.realtime,
        duration=seconds_of(arguments.duration, "--duration", None),
    )
    started = run_testbed(settings, request, request_id=arguments.request_id)
    if given(arguments, "json"):
        emit(started)
    else:
        show_started(started)
    return 0


def show_started(started: "TestbedRun") -> None:
    """Print the execution id, and one line per process."""
    for warning in started.warnings:
        say(f"swf-console: warning: {warning}")
    show(f"{started.execution_id}  {started.configuration}  namespace {started.namespace}")
    show_lines(started.agents)
    say("See its progress: swf-console status")


def show_services(services: "TestbedServices") -> None:
    """What this home uses, and a line for each process that it needs."""
    show(f"broker    {services.broker}")
    show(f"database  {services.database}")
    show(f"monitor   {services.monitor}")
    show_lines(services.processes)


def show_lines(lines: "tuple[ProcessReport, ...]") -> None:
    """Print one line per process: name, PID, action."""
    width = max((len(line.name) for line in lines), default=0)
    for line in lines:
        pid = f"PID {line.pid}" if line.pid else "-"
        show(
            f"  {line.name.ljust(width)}  {pid:<12}  {line.did}{f': {line.trouble}' if line.trouble else ''}"
        )
