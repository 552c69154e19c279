"""The plugin of `supervisorctl -c agents.supervisord.conf`: finds its supervisord.

A configuration file can name one socket only. Which one it is depends on the user, and may depend on
SWF_STATE_DIR of the shell that started supervisord, and its path may be too long for a socket.
"""

import os
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.settings import find_state_dir
from .paths import SupervisorPaths, find_paths, remembered_state_dir

COMMAND_LINE = 2  # supervisor.options: the priority of what stood on the command line


def find_supervisord(controller: Any, **_: Any) -> "NoCommands":
    """What supervisorctl calls: points `controller` at the socket, unless --serverurl was given."""
    options = controller.options
    if options.attr_priorities.get("serverurl") != COMMAND_LINE and options.here:
        options.serverurl = f"unix://{paths_of_shell(Path(options.here)).socket}"
    return NoCommands()


def paths_of_shell(home: Path) -> SupervisorPaths:
    """The paths that a shell means which may have no variable set at all.

    SWF_STATE_DIR where it is set; the usual state directory where a supervisord left its socket there; the
    one that was used last.
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
    """supervisorctl wants a plugin to bring commands; this one has none."""

    name = "swf-console"
