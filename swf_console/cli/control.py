"""`swf-console control run|stop|status`: send a command to a persistent runner, print the reply."""

import argparse
from datetime import UTC, datetime
from typing import Any

from ..backend.core.logs import log_to_file
from ..backend.core.settings import load_settings
from .arguments import add_debug, add_request_id, seconds_of
from .output import emit, fields, say, show, table
from .run import add_execution_arguments, request_of

ANSWER_SECONDS = 10.0
USUAL_WORKFLOW = "stf_datataking"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The three commands."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="run|stop|status")
    run_parser = commands.add_parser("run", help="execute a workflow on a runner")
    run_parser.add_argument(
        "--workflow", metavar="NAME", help=f"workflow (testbed.toml's, else {USUAL_WORKFLOW})"
    )
    add_execution_arguments(run_parser, realtime=None)
    add_request_id(run_parser)
    stop_parser = commands.add_parser("stop", help="stop one execution, or all of the runner")
    stop_parser.add_argument("--execution-id", metavar="ID", help="the execution to stop")
    status_parser = commands.add_parser("status", help="show the state of a runner")
    for one in (stop_parser, status_parser):
        one.add_argument("--namespace", metavar="N", help="namespace (that of testbed.toml)")
        one.add_argument("--testbed-config", metavar="FILE", help="testbed.toml (workflows/testbed.toml)")
        add_debug(one)
    for one in (run_parser, stop_parser, status_parser):
        one.add_argument("--timeout", metavar="S", help=f"wait S seconds for the answer ({ANSWER_SECONDS:g})")
        one.add_argument("--json", action="store_true", help="print the answer as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Send the command and print the reply; 5 if it was refused."""
    from ..backend.config.names import resolve_namespace
    from ..backend.services.executions.request import testbed_of
    from ..backend.services.runner.client import send_command

    settings = load_settings(home=arguments.home, testbed_config=arguments.testbed_config)
    log_to_file(settings.logs_dir / "commands.log")
    testbed = testbed_of(settings)
    namespace = resolve_namespace(arguments.namespace, testbed)
    if arguments.action == "run":
        said = testbed.workflow if testbed else {}
        arguments.workflow = arguments.workflow or said.get("name") or USUAL_WORKFLOW
        arguments.realtime = bool(said.get("realtime")) if arguments.realtime is None else arguments.realtime
    timeout = seconds_of(arguments.timeout, "--timeout", ANSWER_SECONDS) or ANSWER_SECONDS
    answer = send_command(settings, content_of(arguments, namespace), timeout)
    if arguments.json:
        emit(answer)
    else:
        show_answer(answer)
    return 0 if answer.get("accepted") else 5


def content_of(arguments: argparse.Namespace, namespace: str) -> dict[str, Any]:
    """The command's message."""
    from ..backend.services.runner.protocol import (
        STATUS,
        STOP,
        checked_request_id,
        new_request_id,
        run_command,
    )

    stamp = {"namespace": namespace, "timestamp": datetime.now(UTC).isoformat()}
    if arguments.action == "run":
        given = arguments.request_id
        request_id = new_request_id() if given is None else checked_request_id(given)
        return run_command(request_of(arguments, arguments.workflow), namespace, request_id) | stamp
    if arguments.action == "stop":
        return {"msg_type": STOP, "execution_id": arguments.execution_id, "source": "swf-console"} | stamp
    return {"msg_type": STATUS, "source": "swf-console"} | stamp


def show_answer(answer: dict[str, Any]) -> None:
    """Print the reply as text."""
    if not answer.get("accepted"):
        for line in answer.get("problems") or [answer.get("reason")]:
            say(f"swf-console: refused: {line}")
        return
    for warning in answer.get("warnings") or ():
        say(f"swf-console: warning: {warning}")
    fields(
        [
            ("accepted by", answer.get("agent")),
            ("state", answer.get("operational_state")),
            ("type", answer.get("agent_type")),
            ("execution", answer.get("execution_id")),
            ("repeated", "the request was executed before" if answer.get("repeated") else None),
            ("stopping", ", ".join(answer["stopping"]) if answer.get("stopping") else None),
        ]
    )
    running = answer.get("executions")
    if running:
        show()
        columns = ("execution_id", "workflow_name", "configuration", "run_id", "stf_count", "realtime")
        table(columns, [[one.get(name) for name in columns] for one in running])
