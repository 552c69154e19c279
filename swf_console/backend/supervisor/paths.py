"""The paths of a home's supervisord: its configuration, its socket, its PID files, its logs.

The socket lies in the state directory. supervisord and its clients use a path to it that is short and has
no special characters: the home itself if possible, else a folder of links.
"""

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError
from ..core.files import write_private
from ..core.settings import private_directory
from .foreign_home import CONFIGURATION, SOCKET, STATE, is_foreign, service_configuration

# unix(7): sun_path holds 108 bytes with the closing zero; supervisord 4.3 binds `<path>.<pid>` first
SOCKET_BYTES = 107 - len(".4194304")
PLAIN = re.compile(r"[A-Za-z0-9 ._/+,=@-]+")


@dataclass(frozen=True, slots=True)
class SupervisorPaths:
    """The paths of one home and state directory; `here` is the folder that supervisord is given."""

    home: Path
    state_dir: Path
    here: Path

    @property
    def configuration(self) -> Path:
        """agents.supervisord.conf, with the path that supervisord is given."""
        return self.here / CONFIGURATION

    @property
    def socket(self) -> Path:
        """supervisord's socket, with a path short enough for a socket."""
        return self.here / STATE / SOCKET

    @property
    def pid_file(self) -> Path:
        """supervisord's own PID file."""
        return self.state_dir / "supervisord.pid"

    @property
    def logs(self) -> Path:
        """The folder of all process logs."""
        return self.state_dir / "logs"

    @property
    def directory(self) -> Path:
        """Environment, declared programs, PID files and refusals."""
        return self.state_dir / "supervision"


def find_paths(home: Path, state_dir: Path) -> SupervisorPaths:
    """The paths of `home`; creates missing directories and links.

    Raises UsageError if they cannot be created.
    """
    home, state_dir = home.absolute(), state_dir.absolute()
    paths = SupervisorPaths(home, state_dir, _here(home, state_dir))
    for directory in (paths.state_dir, paths.directory, paths.logs):
        private_directory(directory)
    return paths


def remember_state_dir(paths: SupervisorPaths, default_state_dir: Path) -> None:
    """Record a state directory from the environment, for a shell in which no variable is set."""
    mark = _key(paths.home)
    if paths.state_dir != default_state_dir.absolute():
        _link(_usable_folder() / mark, paths.state_dir)
        return
    for folder in _folders():
        with contextlib.suppress(OSError):
            (folder / mark).unlink()


def remembered_state_dir(home: Path) -> Path | None:
    """The state directory that was used last for this home, if it is not the default one."""
    for folder in _folders():
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid():
                return (folder / _key(home)).readlink()
    return None


def _here(home: Path, state_dir: Path) -> Path:
    foreign = is_foreign(home)
    if state_dir == home / STATE and _fits(home) and not foreign:
        return home
    links = _usable_folder() / _key(home, state_dir)
    private_directory(links)
    _link(links / STATE, state_dir)
    _link(links / CONFIGURATION, _generated(state_dir) if foreign else home / CONFIGURATION)
    return links


def _generated(state_dir: Path) -> Path:
    private_directory(state_dir)
    path, text = state_dir / CONFIGURATION, service_configuration()
    try:
        if not path.is_file() or path.read_text() != text:
            write_private(path, text)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}", "Check the state directory"
        ) from error
    return path


def _fits(here: Path) -> bool:
    text = str(here)
    return bool(PLAIN.fullmatch(text)) and len(os.fsencode(f"{text}/{STATE}/{SOCKET}")) <= SOCKET_BYTES


def _folders() -> list[Path]:
    """Private folders of the user whose paths are short, the best first.

    Not XDG_RUNTIME_DIR: it is removed when the user logs out, and supervisord continues.
    """
    last = Path(f"/tmp/swf-{os.getuid()}")  # noqa: S108 - checked to be private and ours before it is used
    try:
        first = Path.home() / ".local" / "state" / "swf-console" / "run"
    except RuntimeError:
        return [last]
    return [first, last] if _fits(first / _key(first)) else [last]


def _usable_folder() -> Path:
    *better, last = _folders()
    for folder in better:
        with contextlib.suppress(UsageError):
            return private_directory(folder)
    return private_directory(last)


def _key(*paths: Path) -> str:
    return hashlib.sha256(b"\0".join(os.fsencode(path) for path in paths)).hexdigest()[:16]


def _link(link: Path, target: Path) -> None:
    try:
        if link.is_symlink() and link.readlink() == target:
            return
        fresh = link.with_name(f".{link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)
    except OSError as error:
        raise UsageError(
            f"{link}: cannot be created: {error.strerror}", "Set SWF_STATE_DIR to a directory that you own"
        ) from error
