"""Address and login of a state directory's broker (`broker.json`), and the lock that it holds."""

import errno
import json
import socket
from pathlib import Path
from typing import NamedTuple

from ..core.errors import PortInUse, Refused, UsageError
from ..core.files import FileLock, read_json, write_private

LOOPBACK = "127.0.0.1"
BACKLOG = 256
LOCK_SECONDS = 0.15  # a process that checks whether the lock is held takes it for an instant


class Credentials(NamedTuple):
    """User and password."""

    user: str
    password: str


class BrokerAddress(NamedTuple):
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


def read_address(state_dir: Path) -> BrokerAddress | None:
    """The address last written, or None. The lock, not this file, says whether that broker is running."""
    try:
        found = read_json(address_file(state_dir))
        address = BrokerAddress(found["host"], found["port"], found["user"], found["password"], found["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    texts = (address.host, address.user, address.password)
    usable = all(isinstance(text, str) for text in texts) and isinstance(address.port, int)
    return address if usable and 0 < address.port < 65536 else None


def write_address(state_dir: Path, address: BrokerAddress) -> None:
    """Replace `broker.json` in one step; only its owner can read it.

    On a full disk the file of the previous start is overwritten, which needs no room: the broker must start,
    for only it can make room.
    """
    path, content = address_file(state_dir), json.dumps(address._asdict()) + "\n"
    try:
        write_private(path, content)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not path.exists():
            raise
        with path.open("r+b") as file:
            file.write(content.encode())
            file.truncate()


def credentials(previous: BrokerAddress | None) -> Credentials:
    """Those of the previous start, or new ones."""
    if previous is not None and previous.user and previous.password:
        return Credentials(previous.user, previous.password)
    from secrets import token_urlsafe  # slow to import, and only needed for the first start

    return Credentials("swf", token_urlsafe(24))


class Lock:
    """The lock file of a state directory, held as long as its broker runs.

    Raises Refused where a broker holds it, UsageError where the directory cannot be used.
    """

    def __init__(self, state_dir: Path) -> None:
        try:
            self._lock = FileLock(state_dir / "broker.lock")
        except OSError as error:
            raise UsageError(
                f"{state_dir} cannot be used by the broker: {error.strerror}", "Use a directory that you own"
            ) from error
        if not self._lock.acquire(LOCK_SECONDS):
            raise Refused(f"a broker is already running for {state_dir}", "Use that broker, or stop it first")

    def release(self) -> None:
        """Let another broker take over; this one must have stopped listening."""
        self._lock.release()


def listen(
    port: int | None, previous: int | None, option: str = "--port or SWF_BROKER_PORT"
) -> socket.socket:
    """A listening socket on loopback: on `port`, else on the previous one if it is free, else on any.

    Raises PortInUse, which names `option`, where `port` is required and another program has it.
    """
    if port:
        try:
            return _bound(port)
        except OSError as error:
            raise PortInUse(
                f"port {port} on {LOOPBACK} cannot be listened on: {error.strerror}",
                f"Stop the program that has it, or choose another with {option}",
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
