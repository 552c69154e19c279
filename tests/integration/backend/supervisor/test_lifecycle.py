"""supervisord itself: started once, left running, told apart from all that may stand in its place."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from swf_console.backend.core.errors import SupervisorUnreachable, UsageError
from swf_console.backend.supervisor import daemon
from swf_console.backend.supervisor.base import DaemonState, Effect, ProcessState
from swf_console.backend.supervisor.supervisord import Supervisord
from tests.support.homes import CHECKOUT, plain_environment, run
from tests.support.processes.supervisord import (
    end,
    kill_supervisord,
    log_of,
    make_home,
    one,
    supervised,
    supervisorctl,
    user_folder,
    wait_for_log,
)
from tests.support.waiting import wait_for

AGENT = "example-data-agent"
STARTER = """
import os, sys
from pathlib import Path
from swf_console.backend.supervisor.supervisord import Supervisord
home = Path(sys.argv[1])
print(Supervisord(home, home / ".state", dict(os.environ)).ensure_running().pid)
"""

OTHER_STARTER = """
import os, sys
from pathlib import Path
from swf_console.backend.core.settings import load_settings
from swf_console.backend.supervisor.supervisord import Supervisord
settings = load_settings(home=Path(sys.argv[1]))
print(Supervisord(settings.home, settings.state_dir, dict(os.environ)).ensure_running().pid)
"""
NOBODY = 65534
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)


@pytest.fixture(autouse=True)
def _own_user_folder() -> Iterator[None]:
    with user_folder():
        yield


@pytest.fixture
def supervisord() -> Iterator[Supervisord]:
    with supervised(make_home(Path.home() / "a home")) as found:
        yield found


def test_ensure_running_many_processes_start_one_supervisord(supervisord: Supervisord) -> None:
    command = [sys.executable, "-c", STARTER, str(supervisord.paths.home)]

    def start(_: int) -> str:
        return run(command, cwd=supervisord.paths.home).stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        told = set(pool.map(start, range(4)))
    assert told == {str(supervisord.ensure_running().pid)}


def test_supervisord_outlives_its_starter_in_its_own_session(supervisord: Supervisord) -> None:
    home = supervisord.paths.home
    pid = int(run([sys.executable, "-c", STARTER, str(home)], cwd=home).stdout)
    assert supervisord.probe().pid == pid
    assert os.getsid(pid) != os.getsid(0)
    assert str(Path(f"/proc/{pid}/fd/0").readlink()) == os.devnull


def test_supervisord_starts_no_program_by_itself(supervisord: Supervisord) -> None:
    supervisord.ensure_running()
    assert {status.state for status in supervisord.processes()} == {ProcessState.STOPPED}
    assert [status.name for status in supervisord.processes()] == [
        "agent-manager",
        "embedded-broker",
        AGENT,
        "example-fastmon-agent",
        "example-processing-agent",
        "fast-processing-agent",
        "monitor",
        "slice-worker:slice-worker-0",
        "slice-worker:slice-worker-1",
        "workflow-runner",
    ]


def test_supervisord_socket_is_private(supervisord: Supervisord) -> None:
    supervisord.ensure_running()
    path = supervisord.paths.socket
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_ensure_running_stale_socket_is_replaced(supervisord: Supervisord) -> None:
    killed = kill_supervisord(supervisord)
    assert supervisord.probe().state is DaemonState.STALE
    assert supervisord.ensure_running().pid not in (None, killed)


def test_probe_frozen_supervisord_times_out_with_its_pid(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    with supervised(home):
        quick = Supervisord(home, home / ".state", plain_environment(), call_timeout=0.3)
        pid = quick.ensure_running().pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        found = quick.probe()
        assert time.monotonic() - began < 2
        assert (found.state, found.pid) == (DaemonState.FROZEN, pid)
        assert f"kill -CONT {pid}" in found.advice
        with pytest.raises(SupervisorUnreachable, match="did not answer"):
            quick.processes()


def test_probe_frozen_supervisord_with_full_backlog_is_frozen(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    with supervised(home), contextlib.ExitStack() as callers:
        quick = Supervisord(home, home / ".state", plain_environment(), call_timeout=0.2)
        pid = quick.ensure_running().pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with contextlib.suppress(BlockingIOError):
            while True:
                caller = callers.enter_context(socket.socket(socket.AF_UNIX))
                caller.setblocking(False)
                caller.connect(str(quick.paths.socket))
        assert quick.probe().state is DaemonState.FROZEN


def test_ensure_running_socket_removed_starts_no_second_supervisord(supervisord: Supervisord) -> None:
    pid = supervisord.ensure_running().pid
    supervisord.paths.socket.unlink()
    assert (supervisord.probe().state, supervisord.probe().pid) == (DaemonState.DEAF, pid)
    with pytest.raises(SupervisorUnreachable, match=f"kill {pid}"):
        supervisord.ensure_running()


def test_probe_foreign_supervisord_is_foreign(supervisord: Supervisord) -> None:
    paths = supervisord.paths
    text = (paths.home / "agents.supervisord.conf").read_text()
    other = paths.home / "other.conf"
    other.write_text(text.replace("identifier=swf-console", "identifier=somebody"))
    foreign = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", str(other)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        found = wait_for(lambda: (look := supervisord.probe()).state is DaemonState.FOREIGN and look)
        assert found
        assert "somebody" in found.message
        with pytest.raises(SupervisorUnreachable, match="another program answers"):
            supervisord.ensure_running()
    finally:
        foreign.terminate()
        foreign.wait(20)


def test_ensure_running_supervisord_stopping_is_awaited(supervisord: Supervisord) -> None:
    (supervisord.paths.home / "agents" / "example_data_agent.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), exit(0)))\n"
        "print('up', flush=True)\nwhile True: time.sleep(60)\n"
    )
    first = supervisord.ensure_running().pid
    supervisord.start([AGENT], settle=False)
    wait_for_log(supervisord, AGENT, "up")
    told = threading.Thread(target=daemon.shutdown, args=(supervisord.paths, 30))
    told.start()
    wait_for(lambda: supervisord.probe().state is DaemonState.STOPPING)
    assert supervisord.ensure_running().pid != first
    told.join()


def test_ensure_running_invalid_configuration_is_one_line(supervisord: Supervisord) -> None:
    path = supervisord.paths.home / "agents.supervisord.conf"
    path.write_text(path.read_text() + "\n[program:mine]\ncommand=%(ENV_NOT_SET_ANYWHERE)s\n")
    with pytest.raises(UsageError, match="ENV_NOT_SET_ANYWHERE") as caught:
        supervisord.ensure_running()
    assert "ENV_PATH" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_ensure_running_configuration_with_other_socket_is_refused(supervisord: Supervisord) -> None:
    path = supervisord.paths.home / "agents.supervisord.conf"
    path.write_text(path.read_text().replace("file=%(here)s", "file=/tmp"))
    with pytest.raises(UsageError, match="names another socket"):
        supervisord.ensure_running()


@pytest.mark.parametrize("name", ["h" * 200, "with spaces", "a #b;c%(x)s[1]'\"$(true)", "grün:é"])
def test_supervisorctl_stop_all_works_from_any_home(name: str, tmp_path: Path) -> None:
    with supervised(make_home(tmp_path / name), HOME=os.environ["HOME"]) as supervisord:
        assert len(os.fsencode(supervisord.paths.socket)) < 100
        (outcome,) = supervisord.start([AGENT]) if supervisord.ensure_running() else ()
        assert outcome.effect is Effect.STARTED, outcome.explanation
        assert str(supervisord.paths.home) in log_of(supervisord, AGENT)
        done = supervisorctl(supervisord.paths.home, "stop", "all", HOME=os.environ["HOME"])
        assert f"{AGENT}: stopped" in done.stdout, done.stdout + done.stderr
        assert one(supervisord, AGENT).state is ProcessState.STOPPED


def test_supervisorctl_needs_no_variable(supervisord: Supervisord) -> None:
    supervisord.ensure_running()
    done = supervisorctl(supervisord.paths.home, "status")
    assert AGENT in done.stdout, done.stderr


def test_supervisorctl_finds_the_state_directory_of_the_starter(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    with supervised(home, tmp_path / "elsewhere") as supervisord:
        supervisord.ensure_running()
        assert AGENT in supervisorctl(home, "status", HOME=os.environ["HOME"]).stdout


def test_supervisorctl_serverurl_of_the_command_line_wins(supervisord: Supervisord) -> None:
    supervisord.ensure_running()
    done = supervisorctl(supervisord.paths.home, "-s", "unix:///nowhere/at.all", "status")
    assert "unix:///nowhere/at.all no such file" in done.stdout


def as_nobody(command: Sequence[str | Path], home: Path, folder: Path) -> str:
    """What a command says that another user runs in our home; that user may read what root installed."""
    done = run(
        [*AS_NOBODY, *command], cwd=home, environment={"HOME": str(folder), "PATH": os.environ["PATH"]}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("setpriv"), reason="only root, with setpriv, can be two users"
)
def test_supervisord_is_separate_for_each_user_of_a_home(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    home = make_home(tmp_path / "shared home")
    theirs = tmp_path / "nobody"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    control = Path(sysconfig.get_path("scripts")) / "supervisorctl"
    with supervised(home) as ours:
        mine = ours.ensure_running().pid
        started = as_nobody([sys.executable, "-c", OTHER_STARTER, str(home)], home, theirs)
        try:
            assert started != str(mine)
            assert as_nobody([control, "-c", "agents.supervisord.conf", "pid"], home, theirs) == started
            assert supervisorctl(home, "pid", HOME=os.environ["HOME"]).stdout.strip() == str(mine)
        finally:
            os.kill(int(started), signal.SIGTERM)
            shutil.rmtree(f"/tmp/swf-{NOBODY}", ignore_errors=True)


def test_ensure_running_manually_started_supervisord_is_used(supervisord: Supervisord) -> None:
    home = supervisord.paths.home
    by_hand: list[str | Path] = [
        Path(sysconfig.get_path("scripts")) / "supervisord",
        "-c",
        "agents.supervisord.conf",
    ]
    path = f"{sysconfig.get_path('scripts')}:{os.defpath}"
    done = run(by_hand, cwd=home, environment={"PATH": path})
    assert done.returncode == 0, done.stderr
    pid = wait_for(lambda: supervisord.probe().pid)
    assert supervisord.ensure_running().pid == pid
    (outcome,) = supervisord.start([AGENT])
    assert outcome.ok, outcome.explanation


def test_supervisord_link_folder_removed_is_restored(tmp_path: Path) -> None:
    home = make_home(tmp_path / ("deep" * 40))
    with supervised(home) as first:
        pid = first.ensure_running().pid
        shutil.rmtree(first.paths.here)
        again = Supervisord(home, home / ".state", plain_environment())
        assert again.probe().pid == pid
        assert again.reread().added == ()
        end(again)


def test_supervisor_conf_has_no_environment_variable() -> None:
    assert "ENV_" not in (CHECKOUT / "agents.supervisord.conf").read_text()
