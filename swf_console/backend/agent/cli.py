"""An agent as a program: command line, log, signals, exit code."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import ClassVar, Protocol

from ..config.names import resolve_namespace
from ..config.testbed import find_testbed, load_testbed
from ..core.errors import SwfError
from ..core.logs import StderrHandler, log_to_file
from ..core.settings import Settings, load_settings

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


class Servable(Protocol):
    """What run() needs of an agent class."""

    agent_type: ClassVar[str]
    description: ClassVar[str]

    def __init__(self, settings: Settings, namespace: str, *, instance: str = "") -> None: ...
    def serve(self) -> None: ...
    def stop(self) -> None: ...


def run(kind: type[Servable], arguments: Sequence[str] | None = None) -> int:
    """Run an agent of this class until a signal; returns the exit code."""
    options = _parser(kind).parse_args(arguments)
    try:
        settings = _settings(options)
        namespace = _namespace(options.namespace, settings)
        _serve(kind, settings, namespace, options.instance or settings.instance)
    except SwfError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _serve(kind: type[Servable], settings: Settings, namespace: str, instance: str) -> None:
    log_to_file(settings.logs_dir / f"{_program(kind)}{'-' if instance else ''}{instance}.log")
    _show_warnings()
    agent = kind(settings, namespace, instance=instance)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        agent.stop()

    for number in SIGNALS:
        signal.signal(number, on_signal)
    sys.stderr.write(f"{kind.agent_type} agent for namespace {namespace}; stop it with Ctrl-C\n")
    agent.serve()


def _show_warnings() -> None:
    """Show warnings and errors on stderr; the log file has everything."""
    shown = StderrHandler()
    shown.setLevel(logging.WARNING)
    shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("swf_console").addHandler(shown)


def _parser(kind: type[Servable]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_program(kind), description=kind.description)
    parser.add_argument("--namespace", metavar="N", help="namespace (that of testbed.toml)")
    parser.add_argument("--home", metavar="DIR", help="home (the folder above this program)")
    parser.add_argument("--testbed-config", metavar="FILE", help="testbed.toml (workflows/testbed.toml)")
    parser.add_argument("--instance", metavar="NAME", default="", help="a name, if several of this type run")
    return parser


def _program(kind: type[Servable]) -> str:
    program = Path(sys.argv[0]).stem
    return program if program.isidentifier() else f"{kind.agent_type}_agent"


def _settings(options: argparse.Namespace) -> Settings:
    """The settings; the default home is the one that contains this program."""
    return load_settings(
        home=options.home, testbed_config=options.testbed_config, start=Path(sys.argv[0]).resolve().parent
    )


def _namespace(options: str | None, settings: Settings) -> str:
    path = find_testbed(settings.testbed_config, settings.workflows_dir)
    return resolve_namespace(options, load_testbed(path) if path else None)
