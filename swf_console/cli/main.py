"""Arguments in, exit code out. Only the command that was asked for is imported."""

import argparse
import atexit
import gc
import importlib
import os
import sys
from collections.abc import Sequence

from .. import __version__

# name -> (module in swf_console.cli, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "config": ("config", "show and validate configurations, each value with where it came from"),
    "plan": ("plan", "predict a run: schedule, messages, demand, capacity, backlog"),
    "executions": ("executions", "list, show, stop, rerun and compare executions"),
    "messages": ("messages", "list recorded messages, or follow them live"),
    "definitions": ("definitions", "list and show workflow definitions"),
    "namespaces": ("namespaces", "list namespaces"),
    "up": ("up", "start agents and runner, ask for an execution, return at once"),
    "down": ("down", "stop the agents of this home"),
    "agents": ("agents", "list, start, stop, restart agents, follow their logs"),
    "status": ("status", "what runs, what is up, and one verdict"),
    "doctor": ("doctor", "check everything this needs, each with what to do about it"),
    "export": ("export", "write an execution and all that belongs to it as JSON"),
    "settings": ("settings", "check the console's settings file, or print one with every default"),
    "journal": ("journal", "what was done in the consoles of this home, when, by whom"),
    "runner": ("runner", "run the persistent workflow runner in the foreground"),
    "control": ("control", "send run, stop or status to a persistent runner"),
    "agent-manager": ("agent_manager", "start and stop this user's testbed by messages, in the foreground"),
    "mcp": ("mcp", "serve this home to assistants: tools of the Model Context Protocol"),
    "monitor": ("monitor", "serve the REST interface and the live stream in the foreground"),
    "serve": ("web", "the console in a browser of this machine, or over TLS with a token"),
    "env": ("env", "print the variables that point another agent at this home"),
    "broker": ("broker", "serve the embedded STOMP broker; list and clean what a broker holds"),
    "db": ("db", "upgrade the database, show its version, check it"),
    "init": ("init", "make a new home from the templates, or update an older one"),
    "completion": ("completion", "print a shell completion script"),
}
HELP = {"-h", "--help"}
# options of the console that a value follows
VALUED = ("--home", "--namespace", "--testbed-config")


def build_parser(*commands: str, alone: bool = False) -> argparse.ArgumentParser:
    """The whole command line; only `commands` get their own arguments, so that nothing else is imported.

    With `alone` the other commands are left out, which halves the time that this takes.
    """
    from .run import add_arguments as add_run_arguments

    parser = argparse.ArgumentParser(
        prog="swf-console",
        description="The operations console for streaming workflows. Without a command it opens the console.",
        epilog="Exit codes: 0 ok, 1 the run failed, 2 usage or configuration, 3 a backend cannot be reached, "
        "4 timeout, 5 refused, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"swf-console {__version__}")
    parser.add_argument("--home", metavar="DIR", help="the folder that holds workflows/ (SWF_CONSOLE_HOME)")
    add_run_arguments(parser)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name in commands if alone else COMMANDS:
        module, line = COMMANDS[name]
        subparser = subparsers.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name in commands:
            importlib.import_module(f".{module}", __package__).add_arguments(subparser)
    return parser


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
    """The words, with the action that the command puts before those that begin with no action's name."""
    before = ["", *argv]
    at = next(n for n, word in enumerate(argv, 1) if word == command and before[n - 1] != "--home")
    module = importlib.import_module(f".{COMMANDS[command][0]}", __package__)
    implied: Sequence[str] = getattr(module, "implied_action", lambda _: [])(argv[at:])
    return [*argv[:at], *implied, *argv[at:]]


def is_plain(argv: Sequence[str]) -> bool:
    """Whether there are but options of the console, so that no command can be meant."""
    return all(
        word.startswith("-") or before in VALUED for before, word in zip(["", *argv], argv, strict=False)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    spare_the_loaded()
    argv = sys.argv[1:] if argv is None else argv
    command = named_command(argv)
    named = [command] if command else []
    argv = completed(command, argv) if command else argv
    running = any(word.startswith("--run") for word in argv)
    alone = not HELP.intersection(argv) and (bool(command) or running or is_plain(argv))
    arguments = build_parser(*named, alone=alone).parse_args(argv)
    module = COMMANDS[command][0] if command else "run"
    return guarded(module, arguments)


def spare_the_loaded() -> None:
    """Look for garbage rarely while modules load, and not at all in what the process leaves behind.

    The libraries are a hundred thousand objects that stay; walking through them, again and again and at the
    end once more, was a fifth of a run of ten STFs.
    """
    gc.set_threshold(50_000, 20, 50)
    atexit.register(gc.freeze)


def guarded(module: str, arguments: argparse.Namespace) -> int:
    """Call `<module>.run`; an error becomes one clear line on stderr and its exit code."""
    from ..backend.core.errors import SwfError

    try:
        code: int = importlib.import_module(f".{module}", __package__).run(arguments)
        sys.stdout.flush()
        return code
    except SwfError as error:
        from .output import report_error

        report_error(error, as_json=getattr(arguments, "json", False))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
