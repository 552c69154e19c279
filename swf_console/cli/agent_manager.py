"""`swf-console agent-manager`: this user's testbed, controlled by messages, in the foreground."""

import argparse
import signal
import threading
from types import FrameType

from ..backend.core.logs import log_to_file
from ..backend.core.settings import load_settings
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which testbed."""
    parser.add_argument("--testbed-config", metavar="FILE", help="testbed.toml (workflows/testbed.toml)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT, SIGQUIT or SIGHUP; what runs under supervisord goes on."""
    from ..backend.services.agent_manager.server import AgentManager

    settings = load_settings(home=arguments.home, testbed_config=arguments.testbed_config)
    log_to_file(settings.logs_dir / "agent-manager.log", rotated=True)
    manager = AgentManager(settings)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        # a handler may interrupt the very lock that stop() needs
        threading.Thread(target=manager.stop, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, on_signal)
    say(f"the agent manager of {manager.user} listens on {manager.queue}; Ctrl-C ends it")
    manager.serve()
    return 0
