"""`testbed run` waits for a runner that is starting, and not for one that does not answer."""

import os
from types import SimpleNamespace

import pytest

from swf_console.backend.core.settings import Settings
from swf_console.backend.services import testbed
from swf_console.backend.services.runner.client import ANSWER_SECONDS
from swf_console.backend.services.testbed import LONGEST_START_SECONDS, RunnerStart
from tests.support.command_line import CommandLine


class Clock:
    """time.monotonic() of a test."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(testbed, "time", made)
    return made


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pids of registered agents."""
    pids: list[int] = []

    def agents(_settings: Settings) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=pid) for pid in pids]

    monkeypatch.setattr(testbed, "_local_agents", agents)
    return pids


def test_runner_start_not_registered_is_starting_until_it_answers(
    console: CommandLine, clock: Clock, registered: list[int]
) -> None:
    start = RunnerStart(console.settings, os.getpid())
    clock.now += 120.0
    assert start.is_starting()
    registered.append(os.getpid())
    assert start.is_starting()
    clock.now += ANSWER_SECONDS
    assert not start.is_starting()


def test_runner_start_registered_before_is_not_starting(
    console: CommandLine, clock: Clock, registered: list[int]
) -> None:
    registered.append(os.getpid())
    assert not RunnerStart(console.settings, os.getpid()).is_starting()


def test_runner_start_is_over_when_it_takes_too_long(
    console: CommandLine, clock: Clock, registered: list[int]
) -> None:
    start = RunnerStart(console.settings, os.getpid())
    clock.now += LONGEST_START_SECONDS
    assert not start.is_starting()


def test_runner_start_of_an_ended_process_is_over(
    console: CommandLine, clock: Clock, registered: list[int]
) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert not RunnerStart(console.settings, pid).is_starting()
