"""The plugin of `supervisorctl -c agents.supervisord.conf`: finds its supervisord.

A configuration file can name only one socket. The socket depends on the user, and may depend on
SWF_STATE_DIR of the shell that started supervisord, and its path may be too long for a socket.
"""

import os
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.settings import find_state_dir
from .paths import SupervisorPaths, find_paths, remembered_state_dir
from .stop_order import in_stop_order

RUNNING_STATES = ("STARTING", "RUNNING", "BACKOFF")
COMMAND_LINE = 2  # supervisor.options: the priority of values of the command line


def find_supervisord(controller: Any, **_: Any) -> "NoCommands":
    """Called by supervisorctl: sets the socket, unless --serverurl was given, and the order of `stop all`."""
    options = controller.options
    if options.attr_priorities.get("serverurl") != COMMAND_LINE and options.here:
        options.serverurl = f"unix://{paths_of_shell(Path(options.here)).socket}"
    _stop_in_order(controller)
    return NoCommands()


def _stop_in_order(controller: Any) -> None:
    """Make `stop all` stop clients before services: supervisord itself would signal all at the same time."""
    commands = controller.options.plugins[0]  # supervisorctl puts its own commands first (4.3)
    stop = commands.do_stop

    def do_stop(words: str) -> None:
        if "all" not in words.split() or not controller.upcheck():
            stop(words)
            return
        found = controller.get_supervisor().getAllProcessInfo()
        running = [one for one in found if one["statename"] in RUNNING_STATES]
        for group in in_stop_order(running, lambda one: str(one["group"])):
            stop(" ".join(f"{one['group']}:{one['name']}" for one in group))

    commands.do_stop = do_stop


def paths_of_shell(home: Path) -> SupervisorPaths:
    """The paths for a shell in which no variable may be set.

    In this order: SWF_STATE_DIR; the default state directory, if it has a socket of supervisord; the state
    directory that was used last.
    """
    home = Path(os.path.realpath(home))
    usual = find_paths(home, find_state_dir(os.environ, home))
    last = remembered_state_dir(home)
    if os.environ.get("SWF_STATE_DIR") or usual.socket.exists() or last is None:
        return usual
    try:
        return find_paths(home, last)
    except UsageError:
        return usual


class NoCommands:
    """supervisorctl requires a command object of a plugin; this one has no commands."""

    name = "swf-console"
