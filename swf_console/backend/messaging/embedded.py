"""The embedded broker of a home: found running, or started as a child process that ends with this one."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from ..core.errors import BrokerUnreachable, PortInUse
from ..core.files import FileLock, disk_problem, is_locked, private_opener, read_json
from ..core.settings import BrokerSettings, Settings, private_directory

MODULE = "swf_console.backend.broker"
BROKER_FILE = "broker.json"
LOCK_FILE = "broker.lock"
START_LOCK_FILE = "broker.start.lock"
START_SECONDS = 10.0
POLL_SECONDS = 0.004
USAGE_EXIT_CODE = 2

_children_in_use: list[subprocess.Popen[bytes]] = []


def broker_file(state_dir: Path) -> Path:
    """The file in which the running broker stores its address and login (mode 0600)."""
    return state_dir / BROKER_FILE


def find_running(state_dir: Path) -> BrokerSettings | None:
    """The address of the running broker of this state directory, or None."""
    found = _read_broker_file(state_dir)
    return found[0] if found is not None and is_locked(state_dir / LOCK_FILE) else None


def ensure_running(settings: Settings) -> "EmbeddedBroker":
    """The embedded broker of this home; it is started if it is not running."""
    broker = EmbeddedBroker(settings)
    broker.address()
    return broker


class EmbeddedBroker:
    """The embedded broker as one process uses it; nothing is started before the first `address()`.

    A broker started by this process ends after it is released (or this process ends) and no other client
    is connected.
    """

    kind = "embedded"

    def __init__(self, settings: Settings) -> None:
        self._state_dir = settings.state_dir
        self._port = settings.broker_port
        self._sync = settings.broker_sync
        self._child: subprocess.Popen[bytes] | None = None
        self._has_been_found = False
        self._released = threading.Event()
        self._lock = threading.Lock()

    @property
    def settings(self) -> BrokerSettings:
        """The same as address()."""
        return self.address()

    @property
    def ours(self) -> bool:
        """Whether the broker is a child of this process."""
        return self._child is not None

    @property
    def child_pid(self) -> int | None:
        """The process id of the child; None without one."""
        child = self._child
        return child.pid if child is not None else None

    def address(self) -> BrokerSettings:
        """The current address; starts the broker where that is allowed.

        That is allowed in the first call, after our child has ended, and if the last broker was a child of
        another process, with which it may have ended. A broker that was started separately is only awaited.
        Raises BrokerUnreachable, or PortInUse.
        """
        with self._lock:
            found = find_running(self._state_dir)
            if found is None and (
                not self._has_been_found or self._child is not None or _was_a_child(self._state_dir)
            ):
                found = self._start()
            self._has_been_found = True
        if found is None:
            raise BrokerUnreachable(
                "the embedded broker of this home has stopped", "Start it: swf-console broker"
            )
        return found

    def release(self, timeout: float = 1.0) -> None:
        """Let the child end; it continues while it has clients. Wait for its end up to `timeout` seconds."""
        self._released.set()
        with self._lock:
            child, self._child = self._child, None
        if child is None:
            return
        # the end of its standard input tells the broker that its owner needs it no more, or has ended
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            _children_in_use.append(child)

    def _start(self) -> BrokerSettings:
        _reap()
        with _start_lock(self._state_dir, self._released):
            found = find_running(self._state_dir)
            if found is not None:
                return found
            self._kill_child()
            self._child = self._spawn()
            return self._await_child(self._child)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            MODULE,
            "--state-dir",
            str(self._state_dir.absolute()),
            "--until-idle",
            "--sync",
            self._sync,
        ]
        if self._port is not None:
            command += ["--port", str(self._port)]
        with open(self._log_file(), "wb", opener=private_opener) as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[3],
                # a Ctrl-C in the terminal must not end the broker before its clients
                start_new_session=True,
            )

    def _await_child(self, child: subprocess.Popen[bytes]) -> BrokerSettings:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._released.is_set():
            found = _read_broker_file(self._state_dir)
            if found is not None and found[1] == child.pid:
                return found[0]
            if child.poll() is not None:
                return self._after_failure(child)
            self._released.wait(POLL_SECONDS)
        self._kill_child()
        raise BrokerUnreachable(f"the embedded broker is not ready after {START_SECONDS:g} s", self._advice())

    def _after_failure(self, child: subprocess.Popen[bytes]) -> BrokerSettings:
        self._kill_child()
        other = find_running(self._state_dir)
        if other is not None:
            return other
        if problem := disk_problem(self._state_dir):  # the log may be empty then
            raise BrokerUnreachable(
                f"the embedded broker did not start: the disk of {self._state_dir} {problem}",
                "Free space, or set SWF_STATE_DIR to another disk",
            )
        lines = self._log_file().read_text(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"exit code {child.returncode}"
        kind = PortInUse if child.returncode == USAGE_EXIT_CODE else BrokerUnreachable
        raise kind(f"the embedded broker did not start: {reason}", self._advice())

    def _kill_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            if child.stdin is not None:
                child.stdin.close()
            if child.poll() is None:
                child.kill()
            child.wait()

    def _log_file(self) -> Path:
        return private_directory(self._state_dir / "logs") / "broker-start.log"

    def _advice(self) -> str:
        return f"See {self._log_file()}"


def _read_broker_file(state_dir: Path) -> tuple[BrokerSettings, int] | None:
    """The content of broker.json and the process that wrote it; None if file or process is missing."""
    try:
        content = read_json(broker_file(state_dir))
        pid = int(content["pid"])
        os.kill(pid, 0)
        return BrokerSettings(
            content["host"], int(content["port"]), content["user"], content["password"]
        ), pid
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _was_a_child(state_dir: Path) -> bool:
    """Whether the last broker of this state directory was a child that ends with its clients."""
    return bool(read_json(broker_file(state_dir)).get("until_idle"))


def _start_lock(state_dir: Path, released: threading.Event) -> FileLock:
    """The lock that a process must hold to start the broker of this home."""
    try:
        lock = FileLock(state_dir / START_LOCK_FILE)
    except OSError as error:
        raise BrokerUnreachable(
            f"the embedded broker cannot be started: {state_dir / START_LOCK_FILE}: {error.strerror}",
            "Make the state directory writable, and free space on its disk",
        ) from error
    if not lock.acquire(2 * START_SECONDS, released.wait):
        raise BrokerUnreachable("another process is still starting the broker")
    return lock


def _reap() -> None:
    _children_in_use[:] = [child for child in _children_in_use if child.poll() is None]
