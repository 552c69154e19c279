"""Where things are: sockets whose paths fit, notes for a plain shell, PID files, names, words."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.supervisor import pidfiles
from swf_console.backend.supervisor.base import ProcessState, ProcessStatus
from swf_console.backend.supervisor.ctl_plugin import find_supervisord, paths_of_shell
from swf_console.backend.supervisor.daemon import reason_in
from swf_console.backend.supervisor.explain import explain, known_signal, select
from swf_console.backend.supervisor.launcher import clear_refusal, read_refusal, write_refusal
from swf_console.backend.supervisor.paths import find_paths, remember_state_dir, remembered_state_dir
from swf_console.backend.supervisor.rpc import read_process, read_processes
from tests.support.processes.supervisord import make_home, user_folder

INFO = {
    "name": "slice-worker-1",
    "group": "slice-worker",
    "start": 1_700_000_000,
    "stop": 1_600_000_000,
    "statename": "RUNNING",
    "state": 20,
    "spawnerr": "",
    "exitstatus": 0,
    "stdout_logfile": "/somewhere/log",
    "pid": 7,
    "description": "pid 7, uptime 0:00:01",
}
PROCESSES = tuple(
    ProcessStatus(group, process, ProcessState.STOPPED)
    for group, process in (("data", "data"), ("worker", "worker-0"), ("worker", "worker-1"))
)


@pytest.fixture(autouse=True)
def _own_user_folder() -> Iterator[None]:
    with user_folder():
        yield


def test_find_paths_short_home_needs_no_links() -> None:
    home = make_home(Path.home() / "a home")
    assert find_paths(home, home / ".state").here == home


@pytest.mark.parametrize("name", ["x" * 120, "a[1]", "a:b", "a%b", "line\nbreak"])
def test_find_paths_other_home_gets_a_short_socket_path(name: str, tmp_path: Path) -> None:
    home = make_home(tmp_path / name)
    paths = find_paths(home, home / ".state")
    assert len(os.fsencode(paths.socket)) <= 99
    paths.socket.write_text("found")
    assert (home / ".state" / "supervisor.sock").read_text() == "found"
    assert paths.configuration.samefile(home / "agents.supervisord.conf")
    assert find_paths(home, home / ".state") == paths


def test_find_paths_two_state_directories_have_two_sockets(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    one, other = find_paths(home, home / ".state"), find_paths(home, tmp_path / "state")
    assert one.socket != other.socket


def test_find_paths_long_home_of_user_uses_the_fallback_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / ("h" * 120)))
    home = make_home(tmp_path / ("x" * 120))
    paths = find_paths(home, home / ".state")
    assert paths.here.is_relative_to(f"/tmp/swf-{os.getuid()}")
    for link in paths.here.iterdir():
        link.unlink()
    paths.here.rmdir()
    with contextlib.suppress(OSError):
        paths.here.parent.rmdir()


def test_find_paths_wrong_link_is_replaced(tmp_path: Path) -> None:
    home = make_home(tmp_path / "a:b")
    paths = find_paths(home, home / ".state")
    (paths.here / ".state").unlink()
    (paths.here / ".state").symlink_to("/nowhere")
    assert find_paths(home, home / ".state").socket.parent.samefile(home / ".state")


def test_remember_state_dir_until_the_default_is_used(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    usual = home / ".state"
    assert remembered_state_dir(home) is None
    remember_state_dir(find_paths(home, tmp_path / "elsewhere"), usual)
    assert remembered_state_dir(home) == tmp_path / "elsewhere"
    assert paths_of_shell(home).state_dir == tmp_path / "elsewhere"
    remember_state_dir(find_paths(home, usual), usual)
    assert remembered_state_dir(home) is None
    assert paths_of_shell(home).state_dir == usual


def test_paths_of_shell_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_home(tmp_path / "home")
    monkeypatch.setenv("SWF_STATE_DIR", str(tmp_path / "said"))
    assert paths_of_shell(home).state_dir == tmp_path / "said"


def test_ctl_plugin_keeps_serverurl_of_the_command_line() -> None:
    home = make_home(Path.home() / "home")
    options = SimpleNamespace(here=str(home), serverurl="unix:///mine", attr_priorities={"serverurl": 2})
    options.plugins = [SimpleNamespace(do_stop=print)]
    find_supervisord(SimpleNamespace(options=options))
    assert options.serverurl == "unix:///mine"
    options.attr_priorities = {"serverurl": 0}
    find_supervisord(SimpleNamespace(options=options))
    assert options.serverurl == f"unix://{home}/.state/supervisor.sock"


def test_claim_live_process_is_refused_dead_is_replaced(tmp_path: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        pidfiles.claim(tmp_path, "agent")
        path = tmp_path / "pids" / "agent.pid"
        told = json.loads(path.read_text())
        pidfiles.claim(tmp_path, "agent")
        began = Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()
        boot = told["began"].partition("@")[2]
        path.write_text(json.dumps(told | {"pid": sleeper.pid, "began": f"{began[19]}@{boot}"}))
        with pytest.raises(pidfiles.AlreadyRunning):
            pidfiles.claim(tmp_path, "agent")
        (orphan,) = pidfiles.find_orphans(tmp_path, [1])
        assert orphan.pid == sleeper.pid
        assert orphan.since
        assert pidfiles.find_orphans(tmp_path, [sleeper.pid]) == ()
    finally:
        sleeper.kill()
        sleeper.communicate()
    pidfiles.claim(tmp_path, "agent")


@pytest.mark.parametrize(
    "text", ["", "garbage", "[]", "{}", '{"pid": "x", "began": "1", "host": "h"}', '{"pid": 1}']
)
def test_claim_unreadable_pid_file_is_replaced(text: str, tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids" / "agent.pid").write_text(text)
    assert pidfiles.living_processes(tmp_path) == ()
    pidfiles.claim(tmp_path, "agent")
    assert [one.pid for one in pidfiles.living_processes(tmp_path)] == [os.getpid()]


@pytest.mark.parametrize("change", [{"host": "another"}, {"began": "1@another-boot"}])
def test_claim_pid_of_another_host_or_boot_is_replaced(change: dict[str, str], tmp_path: Path) -> None:
    pidfiles.claim(tmp_path, "agent")
    path = tmp_path / "pids" / "agent.pid"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert pidfiles.living_processes(tmp_path) == ()


def test_select_names_processes_groups_and_all() -> None:
    def names(*words: str) -> list[str]:
        return [one.name for one in select(PROCESSES, words)]

    workers = ["worker:worker-0", "worker:worker-1"]
    assert names("data") == ["data"]
    assert names("worker") == names("worker:*") == workers
    assert names("worker-1") == names("worker:worker-1") == workers[1:]
    assert names("all") == names("worker", "data", "worker-0") == ["data", *workers]
    assert select((), ["all"]) == ()
    with pytest.raises(UsageError, match="worker"):
        names("workr")


def test_known_signal_accepts_both_spellings() -> None:
    assert known_signal("sighup") == known_signal("HUP") == "HUP"
    with pytest.raises(UsageError):
        known_signal("9; rm")


def test_read_process_times_are_utc() -> None:
    one = read_process(INFO)
    assert (one.name, one.pid, one.exit_status) == ("slice-worker:slice-worker-1", 7, None)
    assert one.since == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    ended = read_process(INFO | {"statename": "EXITED", "exitstatus": 3, "pid": 0})
    assert (ended.pid, ended.exit_status) == (None, 3)
    assert ended.since == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)
    assert read_process(INFO | {"statename": "NEW WORD", "stop": 0}).since is None


def test_read_processes_are_in_numeric_order() -> None:
    infos = [INFO | {"name": f"slice-worker-{number}"} for number in (10, 9, 0)]
    assert [one.process for one in read_processes(infos)] == [f"slice-worker-{n}" for n in (0, 9, 10)]


def status(state: ProcessState, **more: object) -> ProcessStatus:
    """A process in some state."""
    return replace(ProcessStatus("data", "data", state), **more)  # type: ignore[arg-type]


def test_explain_every_state_has_its_text(tmp_path: Path) -> None:
    told = {state: str(explain(status(state, pid=7), tmp_path)) for state in ProcessState}
    assert len(set(told.values())) == len(ProcessState)
    assert "failed to start (FATAL)" in told[ProcessState.FATAL]
    assert "retrying (BACKOFF)" in told[ProcessState.BACKOFF]


def test_explain_refusal_is_the_reason_until_the_start(tmp_path: Path) -> None:
    write_refusal(tmp_path, "data", "no such script", "Put it there")
    assert str(explain(status(ProcessState.FATAL), tmp_path)).endswith("no such script. Put it there")
    assert "no such script" in str(explain(status(ProcessState.STARTING, pid=7), tmp_path))
    clear_refusal(tmp_path, "data")
    assert read_refusal(tmp_path, "data") is None


def test_explain_fatal_quotes_the_log(tmp_path: Path) -> None:
    log = tmp_path / "data.log"
    log.write_text("Traceback\n\x1b[31mKeyError: 'x'\x1b[0m\n\n")
    one = status(ProcessState.FATAL, spawn_error="Exited too quickly (process log ...)", log_file=log)
    assert str(explain(one, tmp_path)).endswith(f"log: KeyError: 'x'. See {log}")
    silent = replace(one, log_file=tmp_path / "absent.log")
    assert "its log is empty" in str(explain(silent, tmp_path))
    other = replace(one, spawn_error="can't find command 'python'")
    assert "can't find command 'python'" in str(explain(other, tmp_path))


def test_explain_exited_states_how_it_ended(tmp_path: Path) -> None:
    assert "by a signal" in str(explain(status(ProcessState.EXITED, exit_status=-1), tmp_path))
    assert "exited with code 3" in str(explain(status(ProcessState.EXITED, exit_status=3), tmp_path))
    assert "PID 99" in str(explain(status(ProcessState.STOPPED), tmp_path, orphan=99))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "no reason given"),
        ("Error: no\nFor help, use supervisord -h\n", "no"),
        ("a\nTraceback\nOSError: AF_UNIX path too long\n", "OSError: AF_UNIX path too long"),
        (
            "Error: '%(ENV_X)s' contains names ('ENV_X') which cannot be expanded. "
            "Available names: ENV_A, ENV_B in section 'program:x' (file: 'f')",
            "'%(ENV_X)s' contains names ('ENV_X') which cannot be expanded. "
            "in section 'program:x' (file: 'f')",
        ),
    ],
)
def test_reason_in_returns_one_line(said: str, reason: str) -> None:
    assert reason_in(said) == reason


def test_launcher_imports_are_light() -> None:
    code = "import sys, swf_console.launch\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"socket", "http.client", "xmlrpc.client", "supervisor", "hashlib"}
    assert "swf_console.backend.core.settings" not in loaded
