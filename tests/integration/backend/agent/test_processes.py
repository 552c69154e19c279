"""Agents as processes: killed, restarted, on either broker and either database, the rows stay the same."""

import signal
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from swf_console.backend.database import executions, runs
from swf_console.backend.database.records.workflows import ExecutionFilter
from tests.support.processes.agents import EITHER_BACKEND, SCRIPTS, AgentHome, backend_of
from tests.support.snapshots import snapshot, stf_counts

STFS = 30
CONFIGURATION = f"""\
[workflow]
name = "stf_datataking"
version = "1.0"
description = "Many STFs in a short time"
includes = ["daq_state_machine.toml"]

[daq_state_machine]
no_beam_not_ready_delay = 0.1
broadcast_delay = 0.0
beam_not_ready_delay = 0.1
beam_ready_delay = 0.1
beam_not_ready_end_delay = 0.1

[fast_processing]
stf_count = {STFS}
stf_interval = 0.1
stf_sampling_rate = 0.3
"""
NAMESPACE = f"test-{uuid.uuid4().hex[:8]}"
Rows = dict[str, list[str]]


def prepare(home: AgentHome) -> AgentHome:
    (home.home / "workflows/brisk.toml").write_text(CONFIGURATION)
    return home


def run_it(home: AgentHome, *more: str) -> None:
    home.command("--run", "stf_datataking", "--workflow-config", "brisk", *more)


def execution(home: AgentHome) -> str:
    with home.database.read() as connection:
        return executions.page(connection, ExecutionFilter()).items[0].execution_id


def generated(home: AgentHome, stfs: int) -> bool:
    """Whether so many STFs have rows."""
    with home.database.read() as connection:
        page = executions.page(connection, ExecutionFilter()).items
        counts = stf_counts(connection, page[0].execution_id) if page else {}
    return sum(counts.values()) >= stfs


def finish(home: AgentHome) -> Rows:
    def done() -> bool:
        with home.database.read() as connection:
            counts = stf_counts(connection, execution(home))
            ended = [run for run in runs.page(connection).items if run.end_time is not None]
        return counts == {"processing_complete": STFS} and len(ended) == 1

    home.wait_for(done, 60)
    home.wait_for(lambda: len(snapshot(home.database)["swf_fastmon_files"]) == 9)
    return snapshot(home.database)


@pytest.fixture(scope="module")
def undisturbed_rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What the run leaves when nothing happens."""
    with prepare(AgentHome(tmp_path_factory.mktemp("undisturbed"), NAMESPACE)) as home:
        home.start_in_order()
        run_it(home)
        return finish(home)


@pytest.fixture(params=EITHER_BACKEND)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AgentHome]:
    with prepare(AgentHome(tmp_path / "home", NAMESPACE, **backend_of(request, "activemq"))) as made:
        yield made


def test_chain_agents_killed_store_the_same_rows(home: AgentHome, undisturbed_rows: Rows) -> None:
    home.start_in_order()
    with home.during(lambda: run_it(home, "--realtime")):
        for number, kind in enumerate(SCRIPTS):
            home.wait_for(partial(generated, home, 4 * number + 3))
            home.kill(kind)
            home.start(kind)
            home.wait_agent(kind)
        for kind in SCRIPTS:
            home.kill(kind)
        for kind in SCRIPTS:
            home.start(kind)
    assert finish(home) == undisturbed_rows


def test_agent_signal_ends_it_with_a_last_heartbeat(home: AgentHome) -> None:
    for by in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        home.start("data")
        home.wait_agent("data")
        assert home.end("data", by) == 0
        home.wait_agent("data", "EXITED")
        assert home.agent("data").instance_name == "data-agent-alice-1"


def test_chain_two_namespaces_are_separate(home: AgentHome, undisturbed_rows: Rows) -> None:
    home.start_in_order()
    other = [f"--namespace={NAMESPACE}-other"]
    with home.during(lambda: run_it(home, *other)):
        run_it(home)
    with home.database.read() as connection:
        page = executions.page(connection, ExecutionFilter(namespace=NAMESPACE)).items
        foreign = executions.page(connection, ExecutionFilter(namespace=f"{NAMESPACE}-other")).items
    home.wait_for(lambda: _complete(home, page[0].execution_id))
    with home.database.read() as connection:
        assert stf_counts(connection, foreign[0].execution_id) == {}


def _complete(home: AgentHome, execution_id: str) -> bool:
    with home.database.read() as connection:
        return stf_counts(connection, execution_id) == {"processing_complete": STFS}


def test_chain_broker_killed_loses_nothing(tmp_path: Path, undisturbed_rows: Rows) -> None:
    with prepare(AgentHome(tmp_path / "home", NAMESPACE)) as home:
        home.start_in_order()
        with home.during(lambda: run_it(home, "--realtime")):
            home.wait_for(partial(generated, home, 5))
            home.kill("broker")
            home.start_broker()
        assert finish(home) == undisturbed_rows


def test_agent_second_process_is_refused(tmp_path: Path) -> None:
    with prepare(AgentHome(tmp_path / "home", NAMESPACE)) as home:
        home.start("data")
        home.wait_agent("data")
        first = home.pid("data")
        home.start("data")
        assert home.process("data").wait(20) == 5
        assert f"is already running, as process {first}" in (home.home / "data.out").read_text()
