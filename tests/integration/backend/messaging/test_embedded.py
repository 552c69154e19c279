"""The embedded broker is found or started once, and stops when no client needs it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from swf_console.backend.core.errors import BrokerUnreachable, PortInUse
from swf_console.backend.core.settings import BrokerSettings, Settings
from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.embedded import (
    EmbeddedBroker,
    broker_file,
    ensure_running,
    find_running,
)
from swf_console.backend.messaging.endpoint import ConfiguredBroker, choose_broker
from tests.support.processes.broker import BrokerProcess
from tests.support.waiting import wait_for

STARTER = """
import sys
from pathlib import Path
from swf_console.backend.messaging.embedded import ensure_running
from swf_console.backend.core.settings import Settings
state = Path(sys.argv[1])
sys.stdin.readline()
broker = ensure_running(Settings(state, state, "user", "host", "sqlite://"))
print(broker.address().port, broker.ours, flush=True)
sys.stdin.readline()
broker.release()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    state = tmp_path / ("a long name with spaces " * 5)
    state.mkdir()
    return Settings(state, state, "user", "host", "sqlite://")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def use(broker: EmbeddedBroker) -> None:
    """Connect once: a broker waits a while for its first client."""
    connection = StompConnection(broker.address)
    connection.start()
    connection.wait_up(10)
    connection.stop()


def finish(broker: EmbeddedBroker) -> None:
    """Release it so that it ends at once."""
    use(broker)
    broker.release()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def test_embedded_broker_is_started_once_and_ends_when_released(settings: Settings) -> None:
    assert find_running(settings.state_dir) is None
    first = ensure_running(settings)
    second = ensure_running(settings)

    assert (first.ours, second.ours) == (True, False)
    assert first.address() == second.address() == find_running(settings.state_dir)
    pid = first.child_pid or 0
    use(second)
    second.release()
    assert alive(pid)
    first.release(5)
    wait_for(lambda: not alive(pid))
    assert find_running(settings.state_dir) is None


def test_embedded_broker_file_is_private(settings: Settings, stack: ExitStack) -> None:
    broker = ensure_running(settings)
    stack.callback(finish, broker)

    assert stat.S_IMODE(broker_file(settings.state_dir).stat().st_mode) == 0o600
    assert broker.address().password not in repr(broker.address())


def test_embedded_broker_released_continues_while_in_use(settings: Settings, stack: ExitStack) -> None:
    owner = ensure_running(settings)
    pid = owner.child_pid or 0
    second = StompConnection(EmbeddedBroker(settings).address)
    stack.callback(second.stop)
    second.start()
    second.wait_up(5)

    owner.release(0.1)
    assert alive(pid)
    assert second.wait_up(1) == 1

    second.stop()
    wait_for(lambda: find_running(settings.state_dir) is None)


def test_embedded_broker_eight_processes_start_one(settings: Settings, stack: ExitStack) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(settings.state_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for starter in starters:
        stack.enter_context(starter)
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("go\n")
        starter.stdin.flush()

    told = [starter.stdout.readline().split() for starter in starters if starter.stdout]
    use(EmbeddedBroker(settings))

    assert len({port for port, _ in told}) == 1
    assert [ours for _, ours in told].count("True") == 1


def test_embedded_broker_killed_is_restarted_by_its_owner(settings: Settings, stack: ExitStack) -> None:
    broker = ensure_running(settings)
    stack.callback(finish, broker)
    before = broker.child_pid or 0

    os.kill(before, signal.SIGKILL)
    wait_for(lambda: find_running(settings.state_dir) is None)

    assert broker.address() == find_running(settings.state_dir)
    assert broker.child_pid not in (None, before)


def test_embedded_broker_ended_with_owner_is_started_by_another_user(
    settings: Settings, stack: ExitStack
) -> None:
    owner = ensure_running(settings)
    second = ensure_running(settings)
    use(second)
    owner.release(5)
    wait_for(lambda: find_running(settings.state_dir) is None)

    stack.callback(finish, second)
    assert second.address() == find_running(settings.state_dir)
    assert second.ours


def test_embedded_broker_started_separately_is_awaited(settings: Settings, stack: ExitStack) -> None:
    broker = BrokerProcess(settings.state_dir)
    stack.callback(broker.end)
    broker.start()
    second = ensure_running(settings)
    broker.kill()

    with pytest.raises(BrokerUnreachable, match="has stopped"):
        second.address()
    broker.start()
    assert second.address() == find_running(settings.state_dir)
    assert not second.ours


def test_find_running_files_of_dead_broker_are_ignored(settings: Settings, stack: ExitStack) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = {"host": "127.0.0.1", "port": 1, "user": "u", "password": "p", "pid": gone.pid}
    broker_file(settings.state_dir).write_text(json.dumps(left))
    (settings.state_dir / "broker.lock").touch()

    assert find_running(settings.state_dir) is None
    broker = ensure_running(settings)
    stack.callback(finish, broker)
    assert broker.ours


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": "x"}', "\0"])
def test_find_running_invalid_broker_file_is_ignored(settings: Settings, content: str) -> None:
    broker_file(settings.state_dir).write_text(content)

    assert find_running(settings.state_dir) is None


def test_embedded_broker_port_taken_is_reported(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        broker = EmbeddedBroker(replace(settings, broker_port=port))
        with pytest.raises(PortInUse, match=str(port)):
            broker.address()

    assert not broker.ours
    broker.release()


def test_embedded_broker_ends_with_its_owner(settings: Settings) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(settings.state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdin is not None
        assert owner.stdout is not None
        owner.stdin.write("go\n")
        owner.stdin.flush()
        assert owner.stdout.readline().split()[1] == "True"
        use(EmbeddedBroker(settings))
        owner.kill()

    wait_for(lambda: find_running(settings.state_dir) is None)


def test_embedded_broker_released_during_start_leaves_nothing(settings: Settings) -> None:
    broker = EmbeddedBroker(settings)
    outcome: list[BaseException] = []

    def start() -> None:
        try:
            broker.address()
        except BrokerUnreachable as error:
            outcome.append(error)

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    wait_for(lambda: broker.child_pid, every=0.001)
    broker.release()
    thread.join(10)

    assert outcome
    assert broker.child_pid is None
    assert find_running(settings.state_dir) is None


def test_choose_broker_environment_wins(settings: Settings) -> None:
    named = BrokerSettings("broker.example", 61612)

    assert isinstance(choose_broker(settings), EmbeddedBroker)
    chosen = choose_broker(replace(settings, broker=named))
    assert isinstance(chosen, ConfiguredBroker)
    assert chosen.address() == named
    chosen.release()
