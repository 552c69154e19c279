"""The live tail, a rerun and a stop, through the embedded broker."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.core.settings import Settings, load_settings
from swf_console.backend.services.home import write_home
from swf_console.backend.services.messages.filter import compile_filter
from swf_console.backend.services.messages.follow import Tail
from tests.support.homes import plain_environment, run
from tests.support.waiting import wait_for

CONSOLE = [sys.executable, "-m", "swf_console"]
RUN = ["--run", "stf_datataking", "--namespace", "demo", "--json"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home of this test alone."""
    write_home(tmp_path)
    return load_settings({"SWF_STATE_DIR": str(tmp_path / ".state"), "USER": "shifter"}, home=tmp_path)


@pytest.fixture
def tailed(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """`messages tail --json` that follows already."""
    process = subprocess.Popen(
        [*CONSOLE, "messages", "tail", "type!=stf_gen", "--json"],
        cwd=settings.home,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "Following /topic/epictopic" in process.stderr.readline()
    yield process
    process.kill()
    process.communicate()


def ask(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run([*CONSOLE, *arguments], cwd=settings.home)


def test_messages_tail_filter_shows_matches_and_ctrl_c_ends_it(
    settings: Settings, tailed: subprocess.Popen[str]
) -> None:
    assert ask(settings, *RUN).returncode == 0
    assert tailed.stdout is not None
    kinds = [json.loads(tailed.stdout.readline())["message_type"] for _ in range(3)]
    assert kinds == ["run_imminent", "start_run", "end_run"]
    tailed.send_signal(signal.SIGINT)
    out, err = tailed.communicate(timeout=20)
    assert (tailed.returncode, out, err) == (130, "", "")


def test_messages_tail_closed_reader_ends_it(settings: Settings, tailed: subprocess.Popen[str]) -> None:
    assert tailed.stdout is not None
    tailed.stdout.close()
    assert ask(settings, *RUN).returncode == 0
    assert tailed.wait(20) == 0
    assert tailed.stderr is not None
    assert tailed.stderr.read() == ""


def test_messages_tail_count_ends_it_or_times_out(settings: Settings) -> None:
    said = ask(settings, "messages", "tail", "--count", "1", "--timeout", "0.5")
    assert said.returncode == 4
    assert "0 of 1 messages" in said.stderr


def test_messages_tail_takes_no_message_from_others(settings: Settings) -> None:
    seen: list[list[str]] = []
    with Tail(settings) as first, Tail(settings, match=compile_filter("type=stf_gen")) as second:
        assert ask(settings, *RUN).returncode == 0
        for tail, count in ((first, 13), (second, 10)):
            taken = [
                message.msg_type or "" for _, message in zip(range(count), tail.messages(20), strict=False)
            ]
            seen.append(taken)
    assert [len(each) for each in seen] == [13, 10]
    assert set(seen[1]) == {"stf_gen"}


def test_rerun_has_the_same_parameters(settings: Settings) -> None:
    first = json.loads(ask(settings, *RUN, "--stf-count", "3").stdout)["execution_id"]
    again = ask(settings, "executions", "rerun", first, "--json")
    assert again.returncode == 0, again.stderr
    second = json.loads(again.stdout)
    assert second["performance_metrics"]["stf_count"] == 3
    differences = ask(settings, "executions", "diff", first, second["execution_id"], "--json").stdout
    assert "parameter" not in {json.loads(line)["kind"] for line in differences.splitlines()}


def test_executions_stop_ends_a_run_of_another_process(settings: Settings) -> None:
    runner = subprocess.Popen(
        [*CONSOLE, *RUN, "--realtime"],
        cwd=settings.home,
        env=plain_environment() | {"USER": os.environ.get("USER", "shifter")},
        stdout=subprocess.PIPE,
        text=True,
    )

    def running() -> str:
        lines = ask(settings, "executions", "--status", "running", "--json").stdout.splitlines()
        return json.loads(lines[0])["execution_id"] if lines else ""

    execution_id = wait_for(running, timeout=30, every=0.2)
    stopped = ask(settings, "executions", "stop", execution_id, "--json")
    out, _ = runner.communicate(timeout=30)
    assert stopped.returncode == 0, stopped.stderr
    assert json.loads(stopped.stdout)["status"] == "terminated"
    assert json.loads(out)["status"] == "terminated"
