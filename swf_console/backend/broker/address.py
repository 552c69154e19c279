"""Where the broker of a state directory is and how to enter it: `broker.json`, and the lock it holds."""

import fcntl
import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import NamedTuple

from ..core.errors import PortTaken, Refused, UsageError

LOOPBACK = "127.0.0.1"
BACKLOG = 256
LOCK_TRIES = 8
LOCK_PAUSE_SECONDS = 0.02


class Credentials(NamedTuple):
    """How to enter."""

    user: str
    password: str


class Address(NamedTuple):
    """The content of `broker.json`."""

    host: str
    port: int
    user: str
    password: str
    pid: int
    until_idle: bool = False


def address_file(state_dir: Path) -> Path:
    """Where the broker of a state directory writes its address."""
    return state_dir / "broker.json"


def read_address(state_dir: Path) -> Address | None:
    """The address last written, or None; whether that broker lives is the lock's to say."""
    try:
        found = json.loads(address_file(state_dir).read_text("utf-8"))
        address = Address(found["host"], found["port"], found["user"], found["password"], found["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    texts = (address.host, address.user, address.password)
    usable = all(isinstance(text, str) for text in texts) and isinstance(address.port, int)
    return address if usable and 0 < address.port < 65536 else None


def write_address(state_dir: Path, address: Address) -> None:
    """Replace `broker.json` in one step; only its owner can read it."""
    path = address_file(state_dir)
    draft = path.with_name(f".broker.json.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(address._asdict(), file)
        file.write("\n")
    draft.replace(path)


def credentials(previous: Address | None) -> Credentials:
    """Those of the previous start, or new ones."""
    if previous is not None and previous.user and previous.password:
        return Credentials(previous.user, previous.password)
    from secrets import token_urlsafe

    return Credentials("swf", token_urlsafe(24))


class Lock:
    """The lock file of a state directory, held as long as its broker lives.

    Raises Refused where a broker has it, UsageError where the directory cannot be used.
    """

    def __init__(self, state_dir: Path) -> None:
        try:
            self._file = os.open(state_dir / "broker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsageError(
                f"{state_dir}: the broker cannot live here: {error.strerror}", "Give it a directory of yours"
            ) from error
        if not self._taken():
            os.close(self._file)
            raise Refused(f"a broker already runs for {state_dir}", "Use it, or stop it first")

    def _taken(self) -> bool:
        for _ in range(LOCK_TRIES):  # a look at whether it is held holds it for an instant
            with suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            sleep(LOCK_PAUSE_SECONDS)
        return False

    def release(self) -> None:
        """Let another broker take over; this one must have stopped listening."""
        os.close(self._file)


def listen(port: int | None, previous: int | None) -> socket.socket:
    """A listening socket on loopback: on `port`, else on the previous one if it is free, else on any.

    Raises PortTaken where `port` is asked for and another program has it.
    """
    if port:
        try:
            return _bound(port)
        except OSError as error:
            raise PortTaken(
                f"port {port} on {LOOPBACK} cannot be listened on: {error.strerror}",
                "Stop the program that has it, or choose another with --port or SWF_BROKER_PORT",
            ) from error
    try:
        return _bound(previous or 0)
    except OSError:
        return _bound(0)


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
