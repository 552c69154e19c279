"""Processes under a real supervisord: started, explained, configured anew, and never two of one."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.supervisor import daemon, pidfiles
from swf_console.backend.supervisor.base import Effect, ProcessState, Program
from swf_console.backend.supervisor.log_follower import LogFollower
from swf_console.backend.supervisor.supervisord import Supervisord
from swf_console.testing.fake_supervisor import SHIPPED
from tests.support.homes import plain_environment
from tests.support.processes.supervisord import (
    CRASHES,
    STAYS,
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
OTHER = "example-processing-agent"
ABSENT = "example-fastmon-agent"


@pytest.fixture(autouse=True)
def _own_user_folder() -> Iterator[None]:
    with user_folder():
        yield


@pytest.fixture
def supervisord(tmp_path: Path) -> Iterator[Supervisord]:
    with supervised(make_home(tmp_path / "a home")) as found:
        found.ensure_running()
        yield found


def script(supervisord: Supervisord, name: str, text: str) -> Path:
    """Write a script into the home."""
    path = supervisord.paths.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def alive(pid: int) -> bool:
    """Whether a process still runs."""
    return Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() != b""


def test_start_runs_the_process_with_our_environment(supervisord: Supervisord) -> None:
    (outcome,) = supervisord.start([AGENT])
    assert outcome.effect is Effect.STARTED
    pid = outcome.status.pid
    assert pid is not None
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    home = supervisord.paths.home
    assert words[:2] == [sys.executable.encode(), str(home / "agents" / "example_data_agent.py").encode()]
    assert Path(f"/proc/{pid}/cwd").resolve() == home
    assert log_of(supervisord, AGENT) == f"up none {home}\n"


def test_start_running_process_is_kept_and_stop_reports(supervisord: Supervisord) -> None:
    (first,) = supervisord.start([AGENT])
    (again,) = supervisord.start([AGENT])
    assert (again.effect, again.status.pid) == (Effect.ALREADY_RUNNING, first.status.pid)
    assert [one.effect for one in supervisord.stop([AGENT, OTHER])] == [Effect.STOPPED, Effect.WAS_STOPPED]
    assert not alive(first.status.pid or 0)


def test_restart_gives_new_processes_and_starts_stopped_ones(supervisord: Supervisord) -> None:
    (before,) = supervisord.start([AGENT])
    after = {one.status.name: one for one in supervisord.restart([AGENT, OTHER])}
    assert (after[AGENT].effect, after[OTHER].effect) == (Effect.RESTARTED, Effect.STARTED)
    assert after[AGENT].status.pid != before.status.pid


def test_start_process_still_stopping_is_awaited(supervisord: Supervisord) -> None:
    slow = "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), exit(0)))\n"
    script(supervisord, "agents/example_data_agent.py", slow + STAYS)
    (before,) = supervisord.start([AGENT])
    (ending,) = supervisord.stop([AGENT], timeout=0)
    assert (ending.effect, ending.status.state) == (Effect.STILL_WAITING, ProcessState.STOPPING)
    (after,) = supervisord.start([AGENT])
    assert after.effect is Effect.STARTED
    assert after.status.pid != before.status.pid


def test_start_and_signal_group_as_a_whole(supervisord: Supervisord) -> None:
    started = supervisord.start(["slice-worker:*"])
    assert [outcome.status.process for outcome in started] == ["slice-worker-0", "slice-worker-1"]
    assert {outcome.effect for outcome in supervisord.signal(["slice-worker"], "HUP")} == {Effect.SIGNALLED}
    for number in (0, 1):
        wait_for_log(supervisord, f"slice-worker-{number}", "hung up")
    with pytest.raises(UsageError, match="signal not found"):
        supervisord.signal(["slice-worker"], "NONSENSE")


def test_start_without_settle_returns_with_a_pid(supervisord: Supervisord) -> None:
    outcomes = supervisord.start([AGENT, "slice-worker"], settle=False)
    assert all(outcome.ok and outcome.status.pid for outcome in outcomes)
    assert ProcessState.STARTING in {outcome.status.state for outcome in outcomes}


def test_start_missing_script_is_reported_immediately(supervisord: Supervisord) -> None:
    (outcome,) = supervisord.start([ABSENT], timeout=30)
    assert outcome.effect is Effect.FAILED
    assert "script not found: " in str(outcome.explanation)
    assert "example_fastmon_agent.py" in str(outcome.explanation)
    wait_for(lambda: one(supervisord, ABSENT).state is ProcessState.FATAL, timeout=30)
    told = str(supervisord.explain(one(supervisord, ABSENT)))
    assert "failed to start (FATAL)" in told
    assert "Create it" in told
    script(supervisord, "agents/example_fastmon_agent.py", STAYS)
    (restarted,) = supervisord.start([ABSENT])
    assert restarted.effect is Effect.STARTED, restarted.explanation


@pytest.mark.parametrize("startsecs", [0, 1])
def test_start_refused_by_the_launcher_is_fatal_immediately_and_never_restarted(
    tmp_path: Path, startsecs: int
) -> None:
    home = make_home(tmp_path / "home")
    conf = home / "agents.supervisord.conf"
    # 0: as on a machine on which the launcher takes longer than startsecs
    conf.write_text(conf.read_text().replace("startsecs=1", f"startsecs={startsecs}"))
    with supervised(home) as supervisord:
        supervisord.ensure_running()
        (outcome,) = supervisord.start([ABSENT], settle=False)
        assert outcome.effect is Effect.FAILED
        assert "failed to start (FATAL): script not found" in str(outcome.explanation)
        status = one(supervisord, ABSENT)
        assert (status.state, status.pid) == (ProcessState.FATAL, None)

        def told(text: str) -> int:
            return (supervisord.paths.logs / "supervisord.log").read_text().count(text)

        wait_for(lambda: told(f"stopped: {ABSENT}") == 1)
        supervisord.restart([AGENT])  # several more rounds of supervisord's loop
        assert told(f"spawned: '{ABSENT}'") == 1
        assert one(supervisord, ABSENT).state is ProcessState.FATAL
        script(supervisord, "agents/example_fastmon_agent.py", STAYS)
        (started,) = supervisord.start([ABSENT])
        assert started.effect is Effect.STARTED


NOTES_ITS_END = """
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path(NAME).write_text(str(time.monotonic()))
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
while True: time.sleep(60)
"""
SERVICES = {"workflow-runner": "runner", "embedded-broker": "broker", "monitor": "monitor"}


def test_stop_all_stops_clients_before_services(supervisord: Supervisord) -> None:
    conf = supervisord.paths.home / "agents.supervisord.conf"
    text = conf.read_text()
    for program, module in SERVICES.items():
        script(supervisord, f"{module}.py", NOTES_ITS_END.replace("NAME", repr(program)))
        text = text.replace(f"launch -m swf_console {module}\n", f"launch {module}.py\n")
    conf.write_text(text)
    script(supervisord, "agents/example_data_agent.py", NOTES_ITS_END.replace("NAME", repr(AGENT)))
    supervisord.reread()
    names = ["workflow-runner", AGENT, "monitor", "embedded-broker"]

    def order() -> list[str]:
        ended = {name: float((supervisord.paths.home / name).read_text()) for name in names}
        return sorted(names, key=ended.__getitem__)

    def has_started(times: int) -> bool:
        return all(log_of(supervisord, name).count("up") == times for name in names)

    ways: list[Callable[[], object]] = [
        lambda: supervisord.stop(["all"]),
        lambda: supervisorctl(supervisord.paths.home, "stop", "all"),
        lambda: supervisord.restart(["all"]),
        lambda: daemon.shutdown(supervisord.paths, 30),
    ]
    for number, stop in enumerate(ways, 1):
        supervisord.start(names)
        wait_for(lambda number=number: has_started(number))  # type: ignore[misc]
        stop()
        assert order() == names


def test_start_crash_quotes_the_log(supervisord: Supervisord) -> None:
    script(supervisord, "agents/example_data_agent.py", CRASHES)
    (outcome,) = supervisord.start([AGENT], timeout=1)
    assert outcome.effect is Effect.FAILED
    assert "(BACKOFF)" in str(outcome.explanation)
    assert "log: no database. See" in str(outcome.explanation)


def test_explain_exited_process_has_its_exit_code(supervisord: Supervisord) -> None:
    script(supervisord, "agents/example_data_agent.py", "import time; time.sleep(1.5)")
    supervisord.start([AGENT])
    wait_for(lambda: one(supervisord, AGENT).state is ProcessState.EXITED)
    assert one(supervisord, AGENT).exit_status == 0
    assert "exited with code 0" in str(supervisord.explain(one(supervisord, AGENT)))


def test_process_killed_is_restarted(supervisord: Supervisord) -> None:
    (outcome,) = supervisord.start([AGENT])
    pid = outcome.status.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: one(supervisord, AGENT).pid not in (None, pid))
    wait_for(lambda: one(supervisord, AGENT).state is ProcessState.RUNNING)
    assert supervisord.orphans() == ()


def test_start_unknown_name_suggests_the_nearest(supervisord: Supervisord) -> None:
    with pytest.raises(UsageError, match="example-data-agent"):
        supervisord.start(["example-dat-agent"])


def test_set_environment_is_used_at_the_next_start(supervisord: Supervisord) -> None:
    pid = supervisord.ensure_running().pid
    supervisord.start([AGENT], settle=False)
    supervisord.set_environment({**plain_environment(), "COLOUR": "blue with \"quotes\" and 100% 'signs'"})
    supervisord.restart([AGENT])
    assert "up blue with \"quotes\" and 100% 'signs'" in log_of(supervisord, AGENT)
    assert supervisord.probe().pid == pid


def test_environment_secret_is_in_no_command_line_or_public_file(tmp_path: Path) -> None:
    secret = "s3cret-of-this-test"
    with supervised(make_home(tmp_path / "home"), ACTIVEMQ_PASSWORD=secret) as supervisord:
        supervisord.ensure_running()
        (outcome,) = supervisord.start([AGENT])
        environ = Path(f"/proc/{outcome.status.pid}/environ").read_bytes()
        assert f"ACTIVEMQ_PASSWORD={secret}".encode() in environ.split(b"\0")
        commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
        assert not [command for command in commands if secret.encode() in command]
        holding = [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_text()]
        assert [(path.name, oct(path.stat().st_mode & 0o777)) for path in holding] == [
            ("environment.json", "0o600")
        ]


def test_state_directory_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    made = "import os, pathlib\npathlib.Path('made').touch()\nprint(oct(os.umask(0)), flush=True)\n"
    before = os.umask(0)
    try:
        with supervised(make_home(tmp_path / "home")) as supervisord:
            script(supervisord, "agents/example_data_agent.py", made + STAYS)
            supervisord.ensure_running()
            supervisord.start([AGENT, OTHER])
            state = supervisord.paths.state_dir
            modes = {path: path.stat().st_mode for path in state.rglob("*") if path.is_file()}
            others = {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077}
            assert {"supervisord.log", "supervisord-start.log", f"{AGENT}.log"} <= {one.name for one in modes}
            assert others == {}
            # the files of a program are made with the umask of the user, not with that of the logs
            assert log_of(supervisord, AGENT).splitlines()[0] == "0o0"
            assert (supervisord.paths.home / "made").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_declare_foreign_script_runs_as_a_program(supervisord: Supervisord) -> None:
    name = "their scripts/odd #1;%(x)s 'name'.py"
    script(supervisord, name, STAYS)
    options = {"arguments": ["--deep", "a b"], "environment": {"COLOUR": "theirs"}, "stopwaitsecs": 5}
    assert supervisord.declare([Program("theirs", name, options=options)]).added == ("theirs",)
    (outcome,) = supervisord.start(["theirs"])
    assert outcome.effect is Effect.STARTED, outcome.explanation
    assert log_of(supervisord, "theirs") == f"up theirs {supervisord.paths.home} --deep a b\n"
    assert supervisord.declare([Program("theirs", name, options=options)]).changed == ()
    assert supervisord.forget(["theirs"]).removed == ("theirs",)
    assert not alive(outcome.status.pid or 0)


def test_declare_program_not_python_is_executed(supervisord: Supervisord) -> None:
    path = script(supervisord, "agents/shell", "#!/bin/sh\necho from the shell\nexec sleep 60\n")
    supervisord.declare([Program("shell", "agents/shell")])
    (outcome,) = supervisord.start(["shell"])
    assert "not executable" in str(outcome.explanation)
    path.chmod(0o755)
    (outcome,) = supervisord.start(["shell"])
    assert outcome.effect is Effect.STARTED, outcome.explanation
    wait_for_log(supervisord, "shell", "from the shell")


def test_declare_other_count_restarts_running_processes(supervisord: Supervisord) -> None:
    supervisord.start(["slice-worker", AGENT])
    data_agent = one(supervisord, AGENT).pid
    changes = supervisord.declare([Program("slice-worker", count=12)])
    assert changes.changed == ("slice-worker",)
    workers = [status for status in supervisord.processes() if status.group == "slice-worker"]
    assert [status.process for status in workers] == [f"slice-worker-{number}" for number in range(12)]
    assert not [status for status in workers if status.state.ended]
    assert one(supervisord, AGENT).pid == data_agent


def test_declare_before_supervisord_runs_is_applied_at_its_start(tmp_path: Path) -> None:
    with supervised(make_home(tmp_path / "home")) as supervisord:
        supervisord.declare([Program("slice-worker", count=1)])
        supervisord.ensure_running()
        names = [status.name for status in supervisord.processes() if status.group == "slice-worker"]
        assert names == ["slice-worker:slice-worker-0"]


def test_reread_applies_an_edited_configuration(supervisord: Supervisord) -> None:
    path = supervisord.paths.home / "agents.supervisord.conf"
    text = path.read_text()
    supervisord.start([OTHER])
    without = text.replace(f"[program:{OTHER}]", "[program:renamed]")
    path.write_text(without.replace("stopwaitsecs=15", "stopwaitsecs=14", 1))
    changes = supervisord.reread()
    assert (changes.added, changes.changed) == (("renamed",), ("embedded-broker",))
    assert changes.removed == (OTHER,)
    assert OTHER not in [status.name for status in supervisord.processes()]


def test_reread_invalid_configuration_changes_nothing(supervisord: Supervisord) -> None:
    path = supervisord.paths.home / "agents.supervisord.conf"
    text = path.read_text()
    (outcome,) = supervisord.start([AGENT])
    path.write_text(text + "\n[program:mine]\ncommand=%(ENV_NOT_THERE)s\n")
    with pytest.raises(UsageError, match="ENV_NOT_THERE") as caught:
        supervisord.reread()
    assert "ENV_PATH" not in str(caught.value)
    assert one(supervisord, AGENT).pid == outcome.status.pid


def test_orphans_are_listed_and_replaced_by_start(supervisord: Supervisord) -> None:
    pid_before = {o.status.process: o.status.pid for o in supervisord.start([AGENT, "slice-worker"])}
    # RUNNING says that a second has passed; a process is found once its launcher has written its PID file
    for process in pid_before:
        wait_for_log(supervisord, process, "up")
    kill_supervisord(supervisord)
    found = {orphan.process: orphan.pid for orphan in supervisord.orphans()}
    assert found == pid_before
    supervisord.ensure_running()
    assert f"outside supervisord, as PID {found[AGENT]}" in str(supervisord.explain(one(supervisord, AGENT)))
    (outcome,) = supervisord.start([AGENT])
    assert (outcome.effect, outcome.replaced) == (Effect.STARTED, found[AGENT])
    assert not alive(found[AGENT])
    ended = supervisord.end_orphans()
    assert {orphan.process for orphan in ended} == {"slice-worker-0", "slice-worker-1"}
    assert supervisord.orphans() == ()


def test_orphan_is_not_duplicated_by_supervisorctl(supervisord: Supervisord) -> None:
    (first,) = supervisord.start([AGENT])
    kill_supervisord(supervisord)
    supervisord.ensure_running()
    supervisorctl(supervisord.paths.home, "start", AGENT)
    wait_for_log(supervisord, AGENT, f"is already running as PID {first.status.pid}")
    assert alive(first.status.pid or 0)
    wait_for(lambda: one(supervisord, AGENT).state is ProcessState.FATAL)
    (replaced,) = supervisord.restart([AGENT])
    assert (replaced.effect, replaced.replaced) == (Effect.STARTED, first.status.pid)


def test_end_orphans_kills_a_process_that_ignores_sigterm(supervisord: Supervisord) -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    script(supervisord, "agents/example_data_agent.py", stubborn + STAYS)
    supervisord.start([AGENT])
    kill_supervisord(supervisord)
    (orphan,) = supervisord.end_orphans(timeout=0.2)
    assert not alive(orphan.pid)


def test_supervisord_many_threads_can_call_at_once(supervisord: Supervisord) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: len(supervisord.processes()), range(200)))
    assert set(answers) == {len(SHIPPED) + 1}  # slice-worker is two


def test_log_follower_follows_supervisords_rotation(supervisord: Supervisord) -> None:
    # it writes only once it is followed: a follower begins with the file of that moment
    followed = supervisord.paths.home / "followed"
    writes = (
        "import pathlib, time\nprint('first', flush=True)\n"
        f"while not pathlib.Path({str(followed)!r}).exists(): time.sleep(0.01)\n"
        "for n in range(3000): print(f'line {n} ' + 'ü' * 40, flush=True)\ntime.sleep(60)\n"
    )
    path = supervisord.paths.home / "agents.supervisord.conf"
    text = path.read_text().replace("stdout_logfile_maxbytes=5MB", "stdout_logfile_maxbytes=50KB")
    path.write_text(text.replace("stdout_logfile_backups=2", "stdout_logfile_backups=9"))
    script(supervisord, "agents/example_data_agent.py", writes)
    supervisord.reread()
    follower = LogFollower(supervisord.paths.logs / f"{AGENT}.log")
    supervisord.start([AGENT], settle=False)
    lines: list[str] = []

    def all_there() -> bool:
        lines.extend(line.text for line in follower.read())
        if lines:
            followed.touch()
        return len(lines) >= 3001

    wait_for(all_there, timeout=30)
    follower.close()
    assert lines[0] == "first"
    assert lines[1:] == [f"line {number} {'ü' * 40}" for number in range(3000)]
    assert (supervisord.paths.logs / f"{AGENT}.log.1").exists()


def test_orphans_reused_pid_is_not_an_orphan(supervisord: Supervisord) -> None:
    supervisord.start([AGENT])
    kill_supervisord(supervisord)
    (orphan,) = supervisord.orphans()
    path = supervisord.paths.directory / "pids" / f"{AGENT}.pid"
    path.write_text(path.read_text().replace('"began": "', '"began": "1'))
    assert supervisord.orphans() == ()
    pidfiles.terminate([orphan], 5)
