"""`swf-console broker`: an abandoned subscription is found and removed by commands, on both brokers."""

import json
import os
import pty
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.core.settings import Settings
from swf_console.backend.messaging.broker_client import broker_client
from tests.support.activemq import ActiveMQAddress
from tests.support.broker_homes import (
    CAUSE,
    abandon,
    abandon_nearly_full,
    activemq_home,
    embedded_home,
    home_of,
    put,
    put_dead_letter,
)
from tests.support.homes import plain_environment, run

CONSOLE = [sys.executable, "-m", "swf_console"]
SMALL: dict[str, float] = {"store_bytes": 100_000}


@pytest.fixture(scope="module")
def embedded_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with embedded_home(tmp_path_factory.mktemp("e"), SMALL) as settings:
        yield settings


class Operator:
    """Runs commands in a home."""

    def __init__(self, settings: Settings, environment: dict[str, str]) -> None:
        self.settings = settings
        self.environment = {
            **plain_environment(),
            "SWF_STATE_DIR": str(settings.state_dir),
            "USER": settings.user,
            **environment,
        }

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run([*CONSOLE, *arguments], cwd=self.settings.home, environment=self.environment)

    def rows(self, *arguments: str) -> list[dict[str, object]]:
        """The objects that a command prints with --json."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def embedded(embedded_settings: Settings) -> Operator:
    return Operator(embedded_settings, {})


@pytest.fixture
def shared(activemq: ActiveMQAddress, tmp_path: Path) -> Operator:
    return Operator(activemq_home(tmp_path, activemq), activemq.environment())


@pytest.fixture
def name() -> str:
    """A name of this test alone."""
    return f"op-{uuid.uuid4().hex[:12]}"


def test_broker_drop_embedded_abandoned_subscription_is_found_by_doctor_and_removed(
    embedded: Operator, name: str
) -> None:
    count = abandon_nearly_full(embedded.settings, f"/topic/{name}", name, "events")
    doctor = embedded("doctor")
    command = f"swf-console broker drop {name} events"
    (line,) = [
        line
        for line in doctor.stdout.splitlines()
        if line.startswith(("WARN  broker store", "FAIL  broker store"))
    ]
    assert f"durable subscription events of client {name}: {count} messages waiting" in line
    assert command in doctor.stdout
    assert command in embedded("status").stdout
    (listed,) = embedded.rows("broker", "subscriptions")
    assert (listed["client_id"], listed["active"], listed["messages"]) == (name, False, count)
    dropped = embedded(*command.split()[1:], "--yes")
    assert (dropped.returncode, dropped.stdout) == (0, f"dropped {name} events: {count} messages removed\n")
    assert embedded.rows("broker", "subscriptions") == []
    assert "OK    broker store" in embedded("doctor").stdout


@pytest.mark.activemq
def test_broker_drop_activemq_abandoned_subscription_is_told_and_removed(shared: Operator, name: str) -> None:
    abandon(shared.settings, f"/topic/{name}", name, "events", 3)
    said = shared("broker", "subscriptions")
    assert f"Note: /topic/{name}: 1 durable subscription without a client" in said.stderr
    dropped = shared("broker", "drop", name, "events", "--yes")
    assert (dropped.returncode, dropped.stdout) == (0, f"dropped {name} events\n")
    assert f"/topic/{name}" not in shared("broker", "subscriptions").stderr


@pytest.mark.parametrize(
    "arguments",
    [("drop", "a", "b"), ("purge", "/queue/a"), ("resend", "x"), ("discard", "x")],
    ids=["drop", "purge", "resend", "discard"],
)
def test_broker_change_without_terminal_and_yes_is_refused(
    embedded: Operator, arguments: tuple[str, ...]
) -> None:
    done = embedded("broker", *arguments)
    assert done.returncode == 2
    why = "asks for confirmation, and standard input is not a terminal. Give --yes"
    assert done.stderr == f"swf-console: {arguments[0]} {why}\n"


@pytest.mark.parametrize(("answer", "code", "left"), [("n", 5, 2), ("", 5, 2), ("y", 0, 0)])
def test_broker_purge_at_a_terminal_asks(
    embedded: Operator, name: str, answer: str, code: int, left: int
) -> None:
    queue = f"/queue/{name}"
    with broker_client(embedded.settings) as client:
        put(client, queue, 2)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    try:
        done = subprocess.run(
            [*CONSOLE, "broker", "purge", queue],
            cwd=embedded.settings.home,
            env=embedded.environment,
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == code
    assert f"Remove all messages of {queue}? [y/N]" in done.stderr
    (found,) = [one for one in embedded.rows("broker", "queues") if one["destination"] == queue]
    assert found["messages"] == left


def test_broker_queues_table_has_counts_ages_and_consumers(embedded: Operator, name: str) -> None:
    queue = f"/queue/{name}"
    with broker_client(embedded.settings) as client:
        put(client, queue, 3)
        with client.subscribed(queue, {"selector": "unknown = 'x'"}):
            said = embedded("broker", "queues")
    head, *rows = said.stdout.splitlines()
    assert head.split()[:4] == ["queue", "messages", "oldest", "size"]
    (row,) = [line.split() for line in rows if line.startswith(queue)]
    assert row[1] == "3"
    assert row[2].endswith("s")
    assert row[-4:] == ["1", "3", "0", "0"]
    assert "Store of swf-broker/" in said.stderr


def test_broker_dead_letters_are_read_resent_and_discarded(embedded: Operator, name: str) -> None:
    with broker_client(embedded.settings) as client:
        put_dead_letter(client, f"/queue/{name}")
        put_dead_letter(client, f"/queue/{name}")
    said = embedded("broker", "browse")
    assert said.stdout.count(CAUSE) == 2
    first, second = (str(one["id"]) for one in embedded.rows("broker", "browse"))
    assert embedded("broker", "resend", first, "--yes").stdout == "resent 1 message\n"
    assert embedded("broker", "discard", "--all", "--yes").stdout == "discarded 1 message\n"
    (again,) = embedded.rows("broker", "browse", f"/queue/{name}")
    assert json.loads(str(again["body"]))["number"] == 0
    lost = embedded("broker", "discard", second, "--yes")
    assert lost.returncode == 2
    assert "message not found in /queue/ActiveMQ.DLQ" in lost.stderr


@pytest.mark.parametrize("arguments", [("resend", "--yes"), ("discard", "x", "--all", "--yes")])
def test_broker_dead_letters_without_or_with_too_many_ids_is_a_usage_error(
    embedded: Operator, arguments: tuple[str, ...]
) -> None:
    done = embedded("broker", *arguments)
    assert done.returncode == 2
    assert "give message ids, or --all" in done.stderr


def test_broker_queues_without_a_running_broker_exits_3(tmp_path: Path) -> None:
    done = Operator(home_of(tmp_path, {}), {})("broker", "queues")
    assert done.returncode == 3
    assert "embedded broker" in done.stderr
