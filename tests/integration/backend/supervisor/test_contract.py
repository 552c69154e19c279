"""What every Supervisor does: the one in memory and the real one, by the same tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.core.errors import SupervisorUnreachable, UsageError
from swf_console.backend.supervisor.base import (
    Changes,
    DaemonState,
    Effect,
    ProcessState,
    Program,
    Supervisor,
)
from swf_console.testing.fake_supervisor import SHIPPED, MemorySupervisor
from tests.support.processes.supervisord import STAYS, make_home, supervised, user_folder

AGENT, OTHER = "example-data-agent", "example-processing-agent"
THEIRS = Program("theirs", "agents/theirs.py", count=2)


@pytest.fixture(params=["memory", "supervisord"])
def supervisor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Supervisor]:
    if request.param == "memory":
        yield MemorySupervisor()
        return
    home = make_home(tmp_path / "home")
    (home / "agents" / "theirs.py").write_text(STAYS)
    with user_folder(), supervised(home) as found:
        yield found


def test_supervisor_not_running_is_reported(supervisor: Supervisor) -> None:
    assert supervisor.probe().state is DaemonState.ABSENT
    assert supervisor.probe().advice
    with pytest.raises(SupervisorUnreachable):
        supervisor.processes()
    with pytest.raises(SupervisorUnreachable):
        supervisor.start([AGENT])


def test_supervisor_ensure_running_starts_once_and_shutdown_ends_it(supervisor: Supervisor) -> None:
    first = supervisor.ensure_running()
    assert (first.state, supervisor.ensure_running()) == (DaemonState.RUNNING, first)
    assert {one.group for one in supervisor.processes()} == set(SHIPPED)
    supervisor.shutdown()
    assert supervisor.probe().state is DaemonState.ABSENT


def test_supervisor_processes_start_stop_and_start_again(supervisor: Supervisor) -> None:
    supervisor.ensure_running()
    (started,) = supervisor.start([AGENT])
    assert (started.effect, started.ok, started.status.state) == (Effect.STARTED, True, ProcessState.RUNNING)
    assert started.status.pid
    assert started.status.since
    (again, other) = supervisor.start([AGENT, OTHER])
    assert (again.effect, again.status.pid, other.effect) == (
        Effect.ALREADY_RUNNING,
        started.status.pid,
        Effect.STARTED,
    )
    assert {one.effect for one in supervisor.signal([AGENT], "HUP")} == {Effect.SIGNALLED}
    (restarted,) = supervisor.restart([AGENT])
    assert restarted.effect is Effect.RESTARTED
    assert restarted.status.pid != started.status.pid
    stopped = {one.status.name: one.effect for one in supervisor.stop(["all"])}
    assert (stopped[AGENT], stopped[OTHER], stopped["monitor"]) == (
        Effect.STOPPED,
        Effect.STOPPED,
        Effect.WAS_STOPPED,
    )
    assert {one.pid for one in supervisor.processes()} == {None}


def test_supervisor_unknown_names_are_refused(supervisor: Supervisor) -> None:
    supervisor.ensure_running()
    for act in (supervisor.start, supervisor.stop, supervisor.restart):
        with pytest.raises(UsageError, match="process not found"):
            act(["nonsense"])
    with pytest.raises(UsageError, match="signal not found"):
        supervisor.signal([AGENT], "NONSENSE")


def test_supervisor_programs_are_declared_changed_and_forgotten(supervisor: Supervisor) -> None:
    supervisor.ensure_running()
    assert supervisor.declare([THEIRS]) == Changes(added=("theirs",))
    assert {one.effect for one in supervisor.start(["theirs"])} == {Effect.STARTED}
    assert supervisor.declare([THEIRS]) == Changes()
    changes = supervisor.declare([Program("theirs", "agents/theirs.py", count=3)])
    assert changes == Changes(changed=("theirs",))
    processes = [one for one in supervisor.processes() if one.group == "theirs"]
    assert [one.process for one in processes] == ["theirs-0", "theirs-1", "theirs-2"]
    assert all(one.pid for one in processes)
    assert supervisor.forget(["theirs"]) == Changes(removed=("theirs",))
    assert "theirs" not in {one.group for one in supervisor.processes()}


def test_supervisor_shipped_program_count_can_change(supervisor: Supervisor) -> None:
    supervisor.ensure_running()
    assert supervisor.declare([Program(AGENT, count=2)]) == Changes(changed=(AGENT,))
    names = [one.name for one in supervisor.processes() if one.group == AGENT]
    assert names == [f"{AGENT}:{AGENT}-0", f"{AGENT}:{AGENT}-1"]
    with pytest.raises(UsageError):
        supervisor.declare([Program("nonsense", count=2)])


def test_supervisor_explain_covers_every_state(supervisor: Supervisor) -> None:
    supervisor.ensure_running()
    (started,) = supervisor.start([AGENT])
    for one in supervisor.processes():
        assert one.name in str(supervisor.explain(one))
    assert "run" in supervisor.explain(started.status).text
