"""Fast processing as processes: killed one by one and all at once, on either backend, the same rows."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from swf_console.backend.database import executions, runs
from swf_console.backend.database.records.workflows import ExecutionFilter, RunState
from tests.support.activemq import ActiveMQ, ActiveMQAddress
from tests.support.fast_run import left_but_for_chance
from tests.support.processes.agents import EITHER_BACKEND, FAST_CHAIN, AgentHome, backend_of

STFS, SAMPLES, SLICES, WORKERS = 30, 9, 5, 6
CONFIGURATION = f"""\
[workflow]
name = "stf_datataking"
version = "1.0"
description = "Many slices in a short time"
includes = ["daq_state_machine.toml"]

[daq_state_machine]
no_beam_not_ready_delay = 0.1
broadcast_delay = 0.0
beam_not_ready_delay = 0.1
beam_ready_delay = 0.1
beam_not_ready_end_delay = 0.1

[fast_processing]
stf_count = {STFS}
stf_interval = 0.2
stf_sampling_rate = 0.3
slices_per_sample = {SLICES}
target_worker_count = {WORKERS}
slice_processing_time = 0.3
worker_rampup_time = 0.5
worker_rampdown_time = 0.1
"""
NAMESPACE = f"test-{uuid.uuid4().hex[:8]}"
Rows = dict[str, list[str]]


def prepare(home: AgentHome) -> AgentHome:
    (home.home / "workflows/brisk.toml").write_text(CONFIGURATION)
    return home


def run_it(home: AgentHome, *more: str) -> None:
    home.command("--run", "stf_datataking", "--workflow-config", "brisk", *more)


def state(home: AgentHome, namespace: str = NAMESPACE) -> RunState | None:
    """The state of the run of the one execution in a namespace."""
    with home.database.read() as connection:
        page = executions.page(connection, ExecutionFilter(namespace=namespace)).items
        known = [runs.run_state(connection, number) for number in range(100010, 100013)]
    if not page:
        return None
    mine = page[0].execution_id
    return next((one for one in known if one and (one.metadata or {}).get("execution_id") == mine), None)


def done_slices(home: AgentHome, count: int) -> bool:
    now = state(home)
    return now is not None and now.slices_completed >= count


def is_over(home: AgentHome, namespace: str = NAMESPACE) -> bool:
    now = state(home, namespace)
    return now is not None and now.phase == "completed" and now.active_worker_count == 0


def finish(home: AgentHome) -> Rows:
    home.wait_for(lambda: is_over(home), 60)
    return left_but_for_chance(home.database)


@contextmanager
def running_agents(home: AgentHome) -> Iterator[AgentHome]:
    with prepare(home):
        home.start_in_order(FAST_CHAIN)
        yield home


@pytest.fixture(scope="module")
def undisturbed_rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What the run leaves when nothing happens."""
    with running_agents(AgentHome(tmp_path_factory.mktemp("undisturbed"), NAMESPACE)) as home:
        run_it(home, "--realtime")
        return finish(home)


@pytest.fixture(params=EITHER_BACKEND)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AgentHome]:
    with running_agents(AgentHome(tmp_path / "home", NAMESPACE, **backend_of(request))) as made:
        yield made


def test_fast_mode_run_stores_the_rows_of_a_real_time_run(home: AgentHome, undisturbed_rows: Rows) -> None:
    run_it(home)
    home.wait_for(lambda: is_over(home), 10)
    assert finish(home) == undisturbed_rows
    left = state(home)
    assert left is not None
    counted = (left.stf_samples_received, left.slices_created, left.slices_completed)
    assert counted == (SAMPLES, SAMPLES * SLICES, SAMPLES * SLICES)


def test_fast_processing_agents_killed_store_the_same_rows(home: AgentHome, undisturbed_rows: Rows) -> None:
    with home.during(lambda: run_it(home, "--realtime")):
        for number, kind in enumerate(FAST_CHAIN):
            home.wait_for(lambda number=number: done_slices(home, 4 * number + 1))  # type: ignore[misc]
            home.kill(kind)
            home.start(kind)
            home.wait_agent(kind)
        for kind in FAST_CHAIN:
            home.kill(kind)
        for kind in FAST_CHAIN:
            home.start(kind)
    assert finish(home) == undisturbed_rows


def test_fast_processing_broker_killed_loses_no_slice(tmp_path: Path, undisturbed_rows: Rows) -> None:
    with running_agents(AgentHome(tmp_path / "home", NAMESPACE)) as home:
        with home.during(lambda: run_it(home, "--realtime")):
            home.wait_for(lambda: done_slices(home, 5))
            home.kill("broker")
            home.start_broker()
        assert finish(home) == undisturbed_rows


@pytest.mark.activemq
@pytest.mark.postgresql
def test_fast_processing_activemq_killed_loses_no_slice(
    tmp_path: Path, private_activemq: ActiveMQ, postgresql_url: str, undisturbed_rows: Rows
) -> None:
    broker = private_activemq.environment()
    with running_agents(
        AgentHome(tmp_path / "home", NAMESPACE, broker=broker, database_url=postgresql_url)
    ) as home:
        with home.during(lambda: run_it(home, "--realtime")):
            home.wait_for(lambda: done_slices(home, 5))
            private_activemq.kill()
            private_activemq.start()
        assert finish(home) == undisturbed_rows


def test_fast_processing_two_namespaces_at_once_are_separate(home: AgentHome) -> None:
    other = f"{NAMESPACE}-other"
    with home.during(lambda: run_it(home, f"--namespace={other}")):
        run_it(home)
    home.wait_for(lambda: is_over(home), 30)
    foreign = state(home, other)
    assert foreign is not None
    assert foreign.slices_created == 0


@pytest.mark.activemq
@pytest.mark.postgresql
def test_agents_of_two_homes_work_together(
    tmp_path: Path, private_activemq: ActiveMQAddress, postgresql_url: str, undisturbed_rows: Rows
) -> None:
    def made(name: str) -> AgentHome:
        return prepare(
            AgentHome(
                tmp_path / name, NAMESPACE, broker=private_activemq.environment(), database_url=postgresql_url
            )
        )

    with made("one") as one, made("other") as other:
        one.start_in_order(FAST_CHAIN[:2])
        other.start_in_order(FAST_CHAIN[2:])
        run_it(one)
        assert finish(other) == undisturbed_rows
