"""Homes with small scripts under a real supervisord, and a cleanup that works in every state."""

import contextlib
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from swf_console.backend.core.errors import SwfError
from swf_console.backend.core.settings import private_directory
from swf_console.backend.supervisor import pidfiles
from swf_console.backend.supervisor.base import ProcessStatus
from swf_console.backend.supervisor.supervisord import Supervisord

from ..homes import CHECKOUT, plain_environment, run
from ..waiting import wait_for

STAYS = """
import os, signal, sys, time
signal.signal(signal.SIGHUP, lambda *_: print("hung up", flush=True))
print("up", os.environ.get("COLOUR", "none"), os.getcwd(), *sys.argv[1:], flush=True)
while True:
    time.sleep(60)
"""
CRASHES = "print('about to fall'); raise SystemExit('\\x1b[31mno database\\x1b[0m')"
NAMES = ("example_data_agent", "example_processing_agent", "slice_worker")


@contextmanager
def user_folder() -> Iterator[Path]:
    """A temporary HOME with a short path: sockets have at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="user-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", folder)
        yield Path(folder)


def make_home(home: Path) -> Path:
    """A home whose agents are scripts that run until they are signalled."""
    (home / "agents").mkdir(parents=True)
    (home / "workflows").mkdir()
    (home / "workflows" / "testbed.toml").write_text('[testbed]\nnamespace = "demo"\n')
    shutil.copy(CHECKOUT / "agents.supervisord.conf", home)
    for name in NAMES:
        (home / "agents" / f"{name}.py").write_text(STAYS)
    return home


@contextmanager
def supervised(home: Path, state_dir: Path | None = None, **environment: str) -> Iterator[Supervisord]:
    """The supervisord of `home`, not started yet; ended with everything that it started."""
    usual = private_directory(home / ".state") if state_dir is None else home / ".state"
    found = Supervisord(
        home,
        private_directory(state_dir or usual),
        plain_environment(**environment),
        default_state_dir=usual,
    )
    try:
        yield found
    finally:
        end(found)


def end(supervisord: Supervisord) -> None:
    """End supervisord and what it started, also if it is frozen, mute or killed."""
    pid = supervisord.probe().pid
    if pid is not None:
        os.kill(pid, signal.SIGCONT)
        with contextlib.suppress(SwfError):
            supervisord.shutdown(10)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    pidfiles.terminate(pidfiles.living_processes(supervisord.paths.directory), 2)


def one(supervisord: Supervisord, name: str) -> ProcessStatus:
    """One process by its name."""
    return next(status for status in supervisord.processes() if status.name == name)


def log_of(supervisord: Supervisord, process: str) -> str:
    """The log of a process."""
    path = supervisord.paths.logs / f"{process}.log"
    return path.read_text(errors="replace") if path.exists() else ""


def wait_for_log(supervisord: Supervisord, process: str, text: str) -> None:
    """Wait until a process has written `text`."""
    wait_for(lambda: text in log_of(supervisord, process))


def kill_supervisord(supervisord: Supervisord) -> int:
    """kill -9 of supervisord, and wait for its end; returns its PID."""
    pid = supervisord.ensure_running().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: supervisord.probe().state.startable)
    return pid


def supervisorctl(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`supervisorctl -c agents.supervisord.conf ...`, in the home, with these variables and no other."""
    program = Path(sysconfig.get_path("scripts")) / "supervisorctl"
    return run([program, "-c", "agents.supervisord.conf", *words], cwd=home, environment=environment)
