"""The real services of the tests: found running, started from what is installed, or missing and named.

SWF_TEST_ACTIVEMQ  stomp://user:password@host:port?tls_port=N&ca_file=F&mutual_tls_port=N&cert_file=F&key_file=F
SWF_TEST_POSTGRESQL  postgresql://user:password@host:port/database of an account that may create databases

`python -m tests.support.services` says what was found; `... with COMMAND` starts both for a command.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from . import activemq, postgresql
from .activemq import ActiveMQ, ActiveMQAddress, address_from_url, install_activemq
from .postgresql import PostgreSQL, PostgreSQLServer, install_postgresql
from .processes.server import ServiceMissing

ACTIVEMQ_VARIABLE = "SWF_TEST_ACTIVEMQ"
POSTGRESQL_VARIABLE = "SWF_TEST_POSTGRESQL"
FOUND: Sequence[tuple[str, str, Callable[[], str]]] = (
    ("ActiveMQ", ACTIVEMQ_VARIABLE, activemq.version),
    ("PostgreSQL", POSTGRESQL_VARIABLE, postgresql.version),
)


@contextmanager
def private_directory(name: str) -> Iterator[Path]:
    """A directory outside anybody's private one, so that a server of another account can reach it."""
    path = Path(tempfile.mkdtemp(prefix=f"swf-{name}-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def own_activemq() -> Iterator[ActiveMQ]:
    """A running ActiveMQ of the caller's own. Raises ServiceMissing."""
    with private_directory("activemq") as directory:
        broker = install_activemq(directory)
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()


@contextmanager
def own_postgresql() -> Iterator[PostgreSQL]:
    """A running PostgreSQL of the caller's own. Raises ServiceMissing."""
    with private_directory("postgresql") as directory:
        server = install_postgresql(directory)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def shared_activemq() -> Iterator[ActiveMQAddress]:
    """The ActiveMQ that SWF_TEST_ACTIVEMQ names, else one of our own. Raises ServiceMissing."""
    url = os.environ.get(ACTIVEMQ_VARIABLE)
    if url:
        yield address_from_url(url)
        return
    with own_activemq() as broker:
        yield broker


@contextmanager
def shared_postgresql() -> Iterator[PostgreSQLServer]:
    """The PostgreSQL that SWF_TEST_POSTGRESQL names, else one of our own. Raises ServiceMissing."""
    url = os.environ.get(POSTGRESQL_VARIABLE)
    if url:
        yield PostgreSQLServer(url)
        return
    with own_postgresql() as server:
        yield server


def describe() -> list[str]:
    """One line for each service: running, installed in which version, or missing and from which package."""
    lines = []
    for name, variable, version in FOUND:
        url = os.environ.get(variable)
        try:
            told = f"running on {urlsplit(url).hostname}:{urlsplit(url).port}" if url else version()
            lines.append(f"{name}: {told}")
        except ServiceMissing as missing:
            lines.append(f"{missing} (its tests are skipped)")
    return lines


def run_with_services(command: Sequence[str]) -> int:
    """Run a command with both services up and named in its environment; returns its exit code."""
    # SIGTERM becomes an orderly end, so that no server and no directory is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        broker = stack.enter_context(shared_activemq())
        server = stack.enter_context(shared_postgresql())
        environment = {
            **os.environ,
            ACTIVEMQ_VARIABLE: os.environ.get(ACTIVEMQ_VARIABLE) or broker.url(),
            POSTGRESQL_VARIABLE: server.admin_url,
        }
        return subprocess.run(command, env=environment, check=False).returncode


def main(arguments: Sequence[str]) -> int:
    """Say what was found, or run a command with the services up."""
    if arguments[:1] == ["with"] and arguments[1:]:
        try:
            return run_with_services(arguments[1:])
        except ServiceMissing as missing:
            sys.stderr.write(f"{missing}\n")
            return 3
    sys.stderr.write("".join(f"{line}\n" for line in describe()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
