"""The command line: parses arguments, runs one command, returns its exit code.

Only the module of that command is imported, because start-up time is mostly imports.
"""

import argparse
import atexit
import errno
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from .streams import discard_output, prepare_streams

if TYPE_CHECKING:
    from ..backend.core.errors import SwfError

# name -> (module in swf_console.cli, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "config": ("config", "show and validate configurations with the source of each value"),
    "plan": ("plan", "predict a run: schedule, messages, demand, capacity, backlog"),
    "executions": ("executions", "list, show, stop, end, rerun and compare executions"),
    "messages": ("messages", "list recorded messages, or follow new ones"),
    "definitions": ("definitions", "list and show workflow definitions"),
    "namespaces": ("namespaces", "list namespaces"),
    "up": ("up", "start agents and runner, request an execution, return immediately"),
    "down": ("down", "stop the agents of this home"),
    "agents": ("agents", "list, start, stop and restart agents, follow their logs"),
    "status": ("status", "show the state of backends, agents and executions, and a verdict"),
    "doctor": ("doctor", "check everything that a run needs, and say how to fix it"),
    "export": ("export", "export an execution with all its records as JSON"),
    "settings": ("settings", "check the settings file of the console, or print a sample"),
    "journal": ("journal", "list what users did in the consoles of this home"),
    "runner": ("runner", "run the persistent workflow runner in the foreground"),
    "control": ("control", "send a run, stop or status command to a persistent runner"),
    "agent-manager": (
        "agent_manager",
        "start and stop the testbed of this user by messages, in the foreground",
    ),
    "mcp": ("mcp", "serve the tools of this home over the Model Context Protocol"),
    "monitor": ("monitor", "serve the REST interface and the event stream in the foreground"),
    "serve": ("web", "serve the console to browsers of this host, or over TLS with a token"),
    "env": ("env", "print the environment variables for agents of other programs"),
    "broker": ("broker", "serve the embedded STOMP broker; list and clean what a broker holds"),
    "db": ("db", "upgrade the database, show its version, check it"),
    "init": ("init", "create a home from the templates, or update an older one"),
    "completion": ("completion", "print a shell completion script"),
}
HELP = {"-h", "--help"}
# other names under which these commands are typed: thin scripts of a home, and the existing testbed's program
SCRIPTS = ("workflow_runner.py", "send_workflow_command.py", "orchestrator.py")
TESTBED_PROGRAMS = ("testbed", "swf-testbed")
TESTBED_WORDS = (
    "init",
    "run",
    "start",
    "start-local",
    "status",
    "status-local",
    "stop",
    "stop-local",
    "stop-agents",
    "agent-manager",
)
# options of the console that take a value
VALUED = ("--home", "--namespace", "--testbed-config")


def build_parser(*commands: str, alone: bool = False) -> argparse.ArgumentParser:
    """The parser of the command line; only `commands` get their arguments: no other module is imported.

    With `alone` the other commands are left out, which halves the time.
    """
    from .run import add_arguments as add_run_arguments

    parser = argparse.ArgumentParser(
        prog=typed_program(),
        description="The operations console for streaming workflows. Without a command it opens the console.",
        epilog="Exit codes: 0 OK, 1 run failed, 2 usage or configuration, 3 backend not reachable, "
        "4 timeout, 5 refused, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"swf-console {__version__}")
    parser.add_argument("--home", metavar="DIR", help="the folder that holds workflows/ (SWF_CONSOLE_HOME)")
    add_run_arguments(parser)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name in commands if alone else COMMANDS:
        module, line = COMMANDS[name]
        subparser = subparsers.add_parser(
            name, prog=typed_program(name), help=line, description=line[0].upper() + line[1:] + "."
        )
        subparser.set_defaults(parser=subparser)
        if name in commands:
            importlib.import_module(f".{module}", __package__).add_arguments(subparser)
    return parser


def typed_program(command: str = "") -> str:
    """The words that were typed for `command`, for usage lines: `testbed run`, `workflow_runner.py`."""
    typed = Path(sys.argv[0]).name
    if typed in SCRIPTS:
        return typed
    if typed in TESTBED_PROGRAMS:
        return f"{typed} {next((word for word in sys.argv[1:] if word in TESTBED_WORDS), command)}".rstrip()
    return f"swf-console {command}".rstrip()


def named_command(argv: Sequence[str]) -> str | None:
    """The command in `argv`: its first word that is neither an option nor an option's value."""
    words = iter(argv)
    for word in words:
        if word == "--home":
            next(words, None)
        elif not word.startswith("-"):
            return word if word in COMMANDS else None
        elif word.startswith("--run"):
            return None
    return None


def completed(command: str, argv: Sequence[str]) -> Sequence[str]:
    """The arguments, with the default action of the command if none is given."""
    before = ["", *argv]
    at = next(n for n, word in enumerate(argv, 1) if word == command and before[n - 1] != "--home")
    module = importlib.import_module(f".{COMMANDS[command][0]}", __package__)
    implied: Sequence[str] = getattr(module, "implied_action", lambda _: [])(argv[at:])
    return [*argv[:at], *implied, *argv[at:]]


def is_plain(argv: Sequence[str]) -> bool:
    """Whether there are only options of the console, and no command."""
    return all(
        word.startswith("-") or before in VALUED for before, word in zip(["", *argv], argv, strict=False)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    before = set(threading.enumerate())
    prepare_streams(argv)
    try:
        code = dispatch(argv)
    except KeyboardInterrupt:
        code = 130
    return leave(code, before)


def leave(code: int, before: Set[threading.Thread]) -> int:
    """Return `code`, or end the process here if threads of a workflow would keep it from ending.

    Those are threads that were abandoned because they do not yield, and non-daemon threads that a workflow
    has started: the interpreter waits for them when it ends.
    """
    workflow_thread = sys.modules.get("swf_console.backend.simulation.workflow_thread")
    left = workflow_thread.abandoned_threads() if workflow_thread else []
    left += [one for one in threading.enumerate() if not one.daemon and one not in before]
    if not left:
        return code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def dispatch(argv: Sequence[str]) -> int:
    """Import and run the command in `argv`."""
    tune_garbage_collection()
    command = named_command(argv)
    named = [command] if command else []
    argv = completed(command, argv) if command else argv
    running = any(word.startswith("--run") for word in argv)
    if running:
        hear_interrupts()
    alone = not HELP.intersection(argv) and (bool(command) or running or is_plain(argv))
    parser = build_parser(*named, alone=alone)
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        # argparse would show the usage of the whole command line
        getattr(arguments, "parser", parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    module = COMMANDS[command][0] if command else "run"
    return guarded(module, arguments)


def hear_interrupts() -> None:
    """Hear SIGINT although it is ignored: a shell that starts a job in the background passes that on."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def tune_garbage_collection() -> None:
    """Collect garbage rarely while modules load, and not at all at exit.

    The libraries are a hundred thousand permanent objects: walking through them repeatedly, and once more at
    exit, took a fifth of a run of ten STFs.
    """
    gc.set_threshold(50_000, 20, 50)
    atexit.register(gc.freeze)


def guarded(module: str, arguments: argparse.Namespace) -> int:
    """Call `<module>.run`; an SwfError becomes one line on stderr and its exit code."""
    from ..backend.core.errors import SwfError

    try:
        code: int = importlib.import_module(f".{module}", __package__).run(arguments)
        flush_output()
        return code
    except SwfError as error:
        from .output import report_error

        report_error(error, as_json=getattr(arguments, "json", False))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        discard_output()
        return 0
    except OSError as error:
        problem = _disk_error(error)
        if problem is None:
            raise
        from .output import report_error

        report_error(problem, as_json=getattr(arguments, "json", False))
        return problem.exit_code


def flush_output() -> None:
    """Flush stdout, without the module `output` where nothing was printed."""
    output = sys.modules.get(f"{__package__}.output")
    if output is not None:
        output.flush()
    else:
        sys.stdout.flush()


def _disk_error(error: OSError) -> "SwfError | None":
    """The error of a full or read-only disk, which may come from any file; None for other errors."""
    from ..backend.core.errors import DiskFull, UsageError

    place = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"{place}{error.strerror}", "Free space or inodes, or set SWF_STATE_DIR")
    if error.errno == errno.EROFS:
        return UsageError(f"{place}{error.strerror}", "Set SWF_STATE_DIR to a writable directory")
    return None
