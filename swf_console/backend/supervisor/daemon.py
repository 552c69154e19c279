"""supervisord itself: its state, its start, its shutdown."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any
from xmlrpc.client import Fault

from ..core.errors import SupervisorUnreachable, TimedOut, UsageError
from ..core.files import FileLock, private_opener
from .base import Daemon, DaemonState
from .foreign_home import CONFIGURATION, OWN_SOCKET, configuration_text, socket_of
from .paths import SupervisorPaths
from .program_environment import search_path
from .rpc import CALL_SECONDS, SHUTDOWN_STATE, NoAnswer, call, foreign, multicall

IDENTIFIER = "swf-console"
START_SECONDS = 10.0
POLL_SECONDS = 0.01
DEAF_SECONDS = 1.0
LOCK = "start.lock"
RUNNING_CODE = 1
PRIVATE_UMASK = 0o077


def probe(paths: SupervisorPaths, timeout: float = CALL_SECONDS) -> Daemon:
    """The state of supervisord, with message and advice; never raises."""
    try:
        pid, _ = ask(paths, timeout=timeout)
    except NoAnswer as error:
        return Daemon(error.state, _living_pid(paths), error.message, error.advice)
    return Daemon(DaemonState.RUNNING, pid)


def ask(paths: SupervisorPaths, *more: str, timeout: float = CALL_SECONDS) -> tuple[int, list[Any]]:
    """supervisord's PID and the answers of `more` methods. NoAnswer unless it is ours and running."""
    methods = ("supervisor.getIdentification", "supervisor.getState", "supervisor.getPID", *more)
    try:
        answers = multicall(paths.socket, [(method, ()) for method in methods], timeout)
    except NoAnswer as error:
        raise _with_pid(paths, error) from error
    except Fault as fault:
        raise foreign(paths.socket, fault.faultString) from fault
    identity, state, pid, *rest = answers
    if _stopping(identity) or (isinstance(state, dict) and state.get("statecode") != RUNNING_CODE):
        raise NoAnswer(DaemonState.STOPPING, "supervisord is stopping", "Wait until it has ended")
    if identity != IDENTIFIER or not isinstance(pid, int):
        raise foreign(paths.socket, f"a supervisord with the identifier {identity}")
    return pid, rest


def ensure_running(
    paths: SupervisorPaths, environment: Mapping[str, str], timeout: float = START_SECONDS
) -> Daemon:
    """Start supervisord if it is not running, in its own session; several processes may call this at once.

    Raises SupervisorUnreachable if it cannot be started, or another program answers; UsageError for an
    invalid configuration.
    """
    found = probe(paths)
    if found.state is DaemonState.RUNNING:
        return found
    deadline = time.monotonic() + timeout
    with _start_lock(paths, deadline):
        found = _await_end_of_shutdown(paths, deadline)
        if found.state.startable:
            _start(paths, environment, deadline)
            found = _await_answer(paths, deadline)
    if found.state is not DaemonState.RUNNING:
        raise NoAnswer(found.state, found.message, found.advice)
    return found


def shutdown(paths: SupervisorPaths, timeout: float) -> None:
    """Have supervisord stop everything and end. TimedOut if it is still running after `timeout` seconds."""
    pid, _ = ask(paths)
    with contextlib.suppress(NoAnswer):
        call(paths.socket, "supervisor.shutdown")
    deadline, pause = time.monotonic() + timeout, Event()
    while _living_pid(paths) == pid:
        if time.monotonic() > deadline:
            raise TimedOut(f"supervisord (PID {pid}) has not ended within {timeout:g} s", f"See {paths.logs}")
        pause.wait(POLL_SECONDS)


def check_configuration(paths: SupervisorPaths) -> None:
    """UsageError if agents.supervisord.conf is missing, or names another socket."""
    path = paths.home / CONFIGURATION
    try:
        text = configuration_text(paths.home)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: cannot be read: {error}", "Copy it from a new home: swf-console init DIR"
        ) from error
    if socket_of(text) != OWN_SOCKET:
        raise UsageError(f"{path}: [unix_http_server] names another socket", f"Write file={OWN_SOCKET}")


def reason_in(text: str) -> str:
    """Why supervisord does not start, in one line, without the list of all variables, which may be secret."""
    errors = [line for line in text.strip().splitlines() if line.startswith("Error:")]
    line = (errors or text.strip().splitlines() or ["no reason given"])[-1].removeprefix("Error: ")
    return re.sub(r" Available names: .*?(?= in section|$)", "", line)[:500]


def _stopping(answer: Any) -> bool:
    return isinstance(answer, Fault) and answer.faultCode == SHUTDOWN_STATE


def _start(paths: SupervisorPaths, environment: Mapping[str, str], deadline: float) -> None:
    check_configuration(paths)
    with contextlib.suppress(FileNotFoundError):
        paths.socket.unlink()
    log = paths.logs / "supervisord-start.log"
    configuration = str(paths.configuration)
    # for private logs: supervisord opens its own log before it sets this umask, those of programs after
    command = [
        sys.executable,
        "-m",
        "supervisor.supervisord",
        "-c",
        configuration,
        f"--umask={PRIVATE_UMASK:o}",
    ]
    with open(log, "wb", opener=private_opener) as output:
        starter = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=paths.state_dir,
            env={**environment, "PATH": search_path(paths, environment)},
            start_new_session=True,
            umask=PRIVATE_UMASK,
        )
    try:
        code = starter.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        starter.kill()
        starter.wait()
        raise SupervisorUnreachable("supervisord was not ready in time", f"See {log}") from error
    if code != 0:
        reason = reason_in(log.read_text(errors="replace"))
        raise UsageError(f"supervisord did not start: {reason}", f"Correct {paths.home / CONFIGURATION}")


def _await_answer(paths: SupervisorPaths, deadline: float) -> Daemon:
    return _probe_until(paths, lambda state: state is DaemonState.RUNNING, deadline)


def _await_end_of_shutdown(paths: SupervisorPaths, deadline: float) -> Daemon:
    """The state after a shutdown; the socket disappears a moment before the process."""
    found = _probe_until(paths, lambda state: state is not DaemonState.STOPPING, deadline)
    if found.state is not DaemonState.DEAF:
        return found
    soon = min(deadline, time.monotonic() + DEAF_SECONDS)
    return _probe_until(paths, lambda state: state is not DaemonState.DEAF, soon)


def _probe_until(paths: SupervisorPaths, enough: Callable[[DaemonState], bool], deadline: float) -> Daemon:
    pause = Event()
    while True:
        found = probe(paths)
        if enough(found.state) or time.monotonic() > deadline:
            return found
        pause.wait(POLL_SECONDS)


def _with_pid(paths: SupervisorPaths, error: NoAnswer) -> NoAnswer:
    """The error, with the PID if the process is still running."""
    pid = _living_pid(paths)
    if pid is None:
        return error
    if error.state.startable:
        return NoAnswer(
            DaemonState.DEAF,
            f"supervisord (PID {pid}) is running, but its socket {paths.socket} was removed",
            f"Stop it and its processes: kill {pid}",
        )
    if error.state is DaemonState.FROZEN:
        frozen = f"{error.message}; its PID is {pid}"
        return NoAnswer(
            DaemonState.FROZEN, frozen, f"Continue it: kill -CONT {pid}; or kill it: kill -9 {pid}"
        )
    return error


def _living_pid(paths: SupervisorPaths) -> int | None:
    """The PID of this home's supervisord, from its PID file and /proc."""
    try:
        pid = int(paths.pid_file.read_text())
        os.kill(pid, 0)
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    words = command.split(b"\0")
    return pid if any(Path(os.fsdecode(word)).name == CONFIGURATION for word in words) else None


def _start_lock(paths: SupervisorPaths, deadline: float) -> FileLock:
    """The lock that a process must hold to start this home's supervisord."""
    lock = FileLock(paths.directory / LOCK)
    if not lock.acquire(deadline - time.monotonic()):
        raise SupervisorUnreachable("another process is still starting supervisord")
    return lock
