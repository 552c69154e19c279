"""Both chains as processes: everything twice, out of order, of an older run, and garbage; two namespaces."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from swf_console.backend.database.tables.agents import agents
from swf_console.backend.database.tables.processing import stages, tf_slices, workers
from swf_console.backend.database.tables.processing import stf_workflows as ways
from swf_console.backend.database.tables.workflows import executions, messages, run_states, runs
from tests.support.fast_run import left_but_for_chance
from tests.support.message_repeater import MessageRepeater
from tests.support.processes.agents import EITHER_BACKEND, FAST_CHAIN, AgentHome, backend_of
from tests.support.snapshots import differences, stf_counts

STFS, SAMPLES, SLICES, WORKERS = 12, 6, 5, 4
CONFIGURATION = f"""\
[workflow]
name = "stf_datataking"
version = "1.0"
description = "Both chains at once, in a short time"
includes = ["daq_state_machine.toml"]

[daq_state_machine]
no_beam_not_ready_delay = 0.1
broadcast_delay = 0.0
beam_not_ready_delay = 0.1
beam_ready_delay = 0.1
beam_not_ready_end_delay = 0.1
physics_period_count = 2
physics_period_duration = 1.2
standby_duration = 0.2

[fast_processing]
stf_interval = 0.2
stf_sampling_rate = 0.5
slices_per_sample = {SLICES}
target_worker_count = {WORKERS}
slice_processing_time = 0.1
worker_rampup_time = 0.2
worker_rampdown_time = 0.1
"""
CHAIN = (*FAST_CHAIN, "processing")
NAMESPACE = f"test-{uuid.uuid4().hex[:8]}"
OTHER = f"{NAMESPACE}-other"
Rows = dict[str, list[str]]
Pairs = set[tuple[Any, ...]]


def prepare(home: AgentHome) -> AgentHome:
    (home.home / "workflows/both.toml").write_text(CONFIGURATION)
    return home


def run_it(home: AgentHome, *more: str) -> None:
    home.command("--run", "stf_datataking", "--workflow-config", "both", "--realtime", *more)


def ask(home: AgentHome, query: Any) -> Pairs:
    with home.database.read() as connection:
        return {tuple(row) for row in connection.execute(query)}


def finish(home: AgentHome, count: int) -> Rows:
    """What so many runs have left, once nothing of them is to be done any more."""
    home.wait_for(lambda: over(home) == count, 60)
    return left_but_for_chance(home.database)


def over(home: AgentHome) -> int:
    """How many runs are at their end, in both chains."""
    done = select(run_states.c.run_number).where(
        run_states.c.phase == "completed", run_states.c.active_worker_count == 0
    )
    ended = select(runs.c.run_number).where(runs.c.end_time.is_not(None))
    with home.database.read() as connection:
        ids = list(connection.scalars(select(executions.c.execution_id)))
        whole = [stf_counts(connection, one) == {"processing_complete": STFS} for one in ids]
    return min(len(ask(home, done)), len(ask(home, ended)), sum(whole))


@contextmanager
def running_agents(home: AgentHome) -> Iterator[AgentHome]:
    with prepare(home):
        home.start_in_order(CHAIN)
        yield home


@pytest.fixture(scope="module")
def undisturbed_rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What two runs leave, one after the other, when nothing happens."""
    with running_agents(AgentHome(tmp_path_factory.mktemp("undisturbed"), NAMESPACE)) as home:
        for count in (1, 2):
            run_it(home)
            left = finish(home, count)
        return left


@pytest.fixture(params=EITHER_BACKEND)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AgentHome]:
    with running_agents(AgentHome(tmp_path / "home", NAMESPACE, **backend_of(request))) as made:
        yield made


@pytest.mark.timeout(400)
def test_chain_disturbed_messages_store_the_same_rows(home: AgentHome, undisturbed_rows: Rows) -> None:
    run_it(home)
    finish(home, 1)
    disturber = MessageRepeater(home.database, *home.broker_address())
    disturber.send_garbage()
    with disturber.repeating():  # the first run's messages come again in the second
        run_it(home)
    disturber.send_garbage()
    home.wait_for(lambda: over(home) == 2, 60)
    home.wait_quiet(CHAIN)
    disturber.close()
    assert differences(finish(home, 2), undisturbed_rows) == []
    assert {home.agent(kind).operational_state for kind in CHAIN} == {"READY"}


def test_disturbed_two_namespaces_at_once_are_separate(home: AgentHome) -> None:
    for kind in CHAIN:
        home.start(kind, "--namespace", OTHER, name=f"{kind} of the other")
    home.wait_for(lambda: len(agents_of(home, OTHER)) == len(CHAIN))
    with home.during(lambda: run_it(home, f"--namespace={OTHER}")):
        run_it(home)
    finish(home, 2)
    home.wait_quiet(CHAIN)
    for namespace in (NAMESPACE, OTHER):
        handled = {agent["agent_type"]: agent["metadata"]["handled"] for agent in agents_of(home, namespace)}
        assert {kind: handled[kind].get(what) for kind, what in COUNTED.items()} == {
            kind: HEARD[what] for kind, what in COUNTED.items()
        }
    assert ask(home, select(ways.c.namespace, agents.c.namespace).join_from(ways, stages).join(
        agents, agents.c.instance_name == stages.c.agent_name)) == PAIRS  # fmt: skip
    assert ask(home, select(messages.c.namespace, agents.c.namespace).join_from(
        messages, agents, agents.c.instance_name == messages.c.sender_agent)) == PAIRS  # fmt: skip
    assert ask(home, select(workers.c.metadata["namespace"].as_string(), agents.c.namespace).join_from(
        workers, agents, agents.c.instance_name == workers.c.panda_job)) == PAIRS  # fmt: skip
    assert ask(home, select(tf_slices.c.metadata["namespace"].as_string(),
        workers.c.metadata["namespace"].as_string()).join_from(
        tf_slices, workers, workers.c.worker_id == tf_slices.c.assigned_worker)) == PAIRS  # fmt: skip
    assert count_of(home, tf_slices) == 2 * SAMPLES * SLICES


COUNTED = {
    "data": "stf_gen",
    "fastmon": "stf_ready",
    "fast_processing": "slice_result",
    "slice_worker": "slice",
    "processing": "stf_ready",
}
HEARD = {"stf_gen": STFS, "stf_ready": STFS, "slice": SAMPLES * SLICES, "slice_result": SAMPLES * SLICES}
PAIRS = {(NAMESPACE, NAMESPACE), (OTHER, OTHER)}


def agents_of(home: AgentHome, namespace: str) -> Sequence[dict[str, Any]]:
    """The agents of a namespace that are there."""
    here = (agents.c.namespace == namespace, agents.c.operational_state.in_(("READY", "PROCESSING")))
    kinds = agents.c.agent_type.in_(CHAIN)
    with home.database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(agents).where(*here, kinds))]


def count_of(home: AgentHome, table: Table) -> int:
    with home.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0
