"""`swf-console agent-manager`: runs this user's agent manager in the foreground."""

import argparse
import signal
import threading
from types import FrameType

from ..backend.core.logs import log_to_file
from ..backend.core.settings import load_settings
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the testbed."""
    parser.add_argument("--testbed-config", metavar="FILE", help="testbed.toml (workflows/testbed.toml)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT, SIGQUIT or SIGHUP; programs under supervisord continue."""
    from ..backend.services.agent_manager.server import AgentManager

    settings = load_settings(home=arguments.home, testbed_config=arguments.testbed_config)
    log_to_file(settings.logs_dir / "agent-manager.log", rotated=True)
    manager = AgentManager(settings)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        # in a thread: the handler may interrupt code that holds the lock that stop() needs
        threading.Thread(target=manager.stop, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, on_signal)
    say(f"the agent manager of {manager.user} listens on {manager.queue}; stop it with Ctrl-C")
    manager.serve()
    return 0
