"""`swf-console agents`: list, start, stop, restart, signal agents, follow their logs, stop orphans."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..backend.core.format import duration_text
from ..backend.core.settings import load_settings
from .arguments import add, add_json, given, whole_number
from .output import brief, emit, keep_logs_off_the_screen, say, show, show_table
from .up import show_lines

if TYPE_CHECKING:
    from ..backend.core.settings import Settings
    from ..backend.services.agents.snapshot import AgentView

COLUMNS = ("", "agent", "program", "state", "pid", "up", "heartbeat", "activity", "namespace", "note")
SIGNS = {"RUNNING": "●", "STARTING": "◐", "STOPPING": "◐", "BACKOFF": "▲", "FATAL": "✖", "UNKNOWN": "✖"}
LOG_LINES = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions; without one, list."""
    add(parser, "--testbed-config", "FILE", "testbed.toml (workflows/testbed.toml)")
    add_json(parser)
    actions = parser.add_subparsers(dest="action", metavar="list|start|stop|restart|signal|logs|orphans")
    add_json(actions.add_parser("list", help="list processes of supervisord and heartbeats"))
    for name in ("start", "stop", "restart"):
        one = actions.add_parser(name, help=f"{name} programs or groups")
        one.add_argument("names", nargs="+", metavar="NAME", help="program, group, or all")
        add_json(one)
    signalled = actions.add_parser("signal", help="send a signal")
    signalled.add_argument("signal", metavar="SIGNAL", help="HUP, USR1, ...")
    signalled.add_argument("names", nargs="+", metavar="NAME")
    add_json(signalled)
    logs = actions.add_parser("logs", help="print the last lines of a program's log")
    logs.add_argument("names", nargs=1, metavar="NAME")
    logs.add_argument("-f", "--follow", action="store_true", help="print new lines until Ctrl-C")
    add(logs, "--lines", "N", f"the last N lines ({LOG_LINES})")
    orphans = actions.add_parser("orphans", help="list processes that outlived their supervisord")
    orphans.add_argument("--end", action="store_true", help="stop them")
    add_json(orphans)


def run(arguments: argparse.Namespace) -> int:
    """Run the action; 3 if supervisord does not answer, 4 if a process is late or failed."""
    keep_logs_off_the_screen()
    settings = load_settings(home=arguments.home, testbed_config=given(arguments, "testbed_config"))
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "start": change,
        "stop": change,
        "restart": change,
        "signal": change,
        "logs": logs,
        "orphans": orphans,
    }
    return actions.get(arguments.action, list_agents)(arguments, settings)


def list_agents(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print processes of supervisord and heartbeats in one table."""
    from ..backend.services.agents.status import merge, probe_supervisor
    from ..backend.services.health.database import probe_database

    look = probe_supervisor(settings)
    views = merge(look, probe_database(settings).agents, settings.host)
    if given(arguments, "json"):
        for view in views:
            emit(view)
        return 0
    if look.message:
        say(f"supervisord: {brief(look.message)}. {brief(look.advice)}".rstrip(". "))
    show_table("Agents", COLUMNS, [row(view) for view in views])
    if not views:
        say("No agents. Start what a configuration needs: swf-console up fast_processing")
    return 0


def row(view: "AgentView") -> tuple[str, ...]:
    """An agent as a row of the table."""
    return (
        "▲" if view.note and view.state == "RUNNING" else SIGNS.get(view.state or "", "○"),
        brief(view.name),
        brief(view.program),
        brief(view.state),
        brief(view.pid),
        duration_text(view.up_seconds),
        duration_text(view.heartbeat_seconds),
        brief(view.operational_state),
        brief(view.namespace, 40),
        brief(view.note),
    )


def change(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Start, stop, restart or signal, and print the result of each."""
    from ..backend.services.agents.control import change_agents

    lines = change_agents(settings, arguments.action, arguments.names, given(arguments, "signal"))
    if given(arguments, "json"):
        emit({"agents": lines})
    else:
        show_lines(lines)
    return 4 if any(line.trouble for line in lines) else 0


def logs(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the end of a log; with --follow new lines, until Ctrl-C."""
    from ..backend.services.agents.control import follow_log

    count = whole_number(given(arguments, "lines"), "--lines", LOG_LINES, 100_000)
    for line in follow_log(settings, arguments.names[0], count, follow=arguments.follow):
        show(brief(line, 4000))
    return 0


def orphans(arguments: argparse.Namespace, settings: "Settings") -> int:
    """List processes that outlived their supervisord, and stop them with --end."""
    from ..backend.services.agents.control import find_orphans

    found = find_orphans(settings, end=arguments.end)
    if given(arguments, "json"):
        for orphan in found:
            emit(orphan)
    elif found:
        show_table(
            "Stopped" if arguments.end else "Orphans", ("process", "pid"), [(o.process, o.pid) for o in found]
        )
    else:
        say("No orphans.")
    return 0
