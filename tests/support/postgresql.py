"""A real PostgreSQL in a directory of its own, on the loopback, never run as root."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2

from .processes.server import LOOPBACK, Program, Service, ServiceMissing, free_port, privileges

PACKAGES = "postgresql"
USER = "swf"
SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers=64MB",
    "unix_socket_directories=",
    f"listen_addresses={LOOPBACK}",
    "timezone=UTC",
)


class PostgreSQLServer:
    """A server that this process may enter as its administrator: it makes and drops databases."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url

    def url(self, database: str) -> str:
        """The URL of one database, `postgresql://user:password@host:port/name`."""
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{database}"))

    def create_database(self) -> str:
        """Make an empty database of a name of its own; returns the name."""
        name = f"swf_test_{secrets.token_hex(6)}"
        self._execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, also with connected clients."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """The URL of an empty database that is dropped at the end."""
        name = self.create_database()
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    def answers(self) -> bool:
        """Whether it lets us in."""
        try:
            self._execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def _execute(self, statement: str) -> None:
        connection = psycopg2.connect(self.admin_url, connect_timeout=2)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()


class PostgreSQL(PostgreSQLServer, Service):
    """A server of the test's own: it keeps its port and its data over stop, kill and start."""

    def __init__(
        self, admin_url: str, directory: Path, account: str | None, settings: Sequence[str] = SETTINGS
    ) -> None:
        super().__init__(admin_url)
        self.program = Program(
            _command(directory, urlsplit(admin_url).port or 5432, settings),
            directory / "server.log",
            self.answers,
            account=account,
            directory=directory,
            end_signal=signal.SIGINT,
            kill_signal=signal.SIGQUIT,
        )


def install_postgresql(directory: Path, settings: Sequence[str] = SETTINGS) -> PostgreSQL:
    """Make an empty cluster in `directory`, which every account must be able to reach; not started yet.

    Raises ServiceMissing where its programs are not installed.
    """
    binaries = find_binaries()
    account = _account()
    password = secrets.token_hex(8)
    directory.mkdir(parents=True, exist_ok=True)
    password_file = directory / "password"
    password_file.write_text(password)
    if account:
        for path in (directory, password_file):
            shutil.chown(path, account, pwd.getpwnam(account).pw_gid)
    command = [
        *privileges(account),
        str(binaries / "initdb"), "--pgdata", str(directory / "data"), "--username", USER, "--auth=password",
        "--pwfile", str(password_file), "--encoding=UTF8", "--no-locale", "--no-sync",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=directory, check=False)
    if done.returncode:
        raise RuntimeError(f"initdb failed\n{done.stderr}")
    admin = f"postgresql://{USER}:{quote(password)}@{LOOPBACK}:{free_port()}/postgres"
    return PostgreSQL(admin, directory, account, settings)


def find_binaries() -> Path:
    """The folder of initdb and postgres, newest first. Raises ServiceMissing."""
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    candidates = sorted(packaged, key=lambda path: int(path.parent.name.split(".")[0]), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(os.path.realpath(on_path)).parent)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ServiceMissing(f"PostgreSQL is missing: apt-get install {PACKAGES}")


def version() -> str:
    """The installed version. Raises ServiceMissing."""
    postgres = find_binaries() / "postgres"
    return subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _command(directory: Path, port: int, settings: Sequence[str]) -> list[str]:
    options = [option for setting in settings for option in ("-c", setting)]
    return [
        str(find_binaries() / "postgres"), "-D", str(directory / "data"), "-p", str(port), *options,
    ]  # fmt: skip


def _account() -> str | None:
    """PostgreSQL refuses to run as root: the account to run it as, or None to stay who we are."""
    if os.getuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise ServiceMissing("PostgreSQL does not run as root, and there is no other account")
