"""The standard chain: whatever happens on the way, the same rows."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from example_data_agent import DataAgent
from example_fastmon_agent import FastmonAgent
from example_processing_agent import ProcessingAgent

from swf_console.backend.agent.base import Agent
from swf_console.backend.agent.processing.stf import is_sampled
from swf_console.backend.core.destinations import EPICTOPIC, MONITORING_QUEUE
from swf_console.backend.database import files, runs, stf_workflows
from swf_console.backend.database.records.processing import StfFilter
from swf_console.backend.message_mapping import outgoing_row
from swf_console.backend.messaging.message import OutgoingMessage, make
from swf_console.backend.simulation.backlog_model import sampled
from tests.support.agents import EXECUTION, NAMESPACE, RUN, AgentStage
from tests.support.snapshots import sent_by_agents, snapshot, stf_counts
from tests.support.waiting import wait_for

KINDS: tuple[type[Agent], ...] = (DataAgent, ProcessingAgent, FastmonAgent)
STFS = 10
SECTIONS = {
    "workflow": {"name": "stf_datataking"},
    "daq_state_machine": {"stf_interval": 2.0},
    "fast_processing": {"stf_sampling_rate": 0.3},
}
Snapshot = dict[str, list[str]]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[AgentStage]:
    made = AgentStage(tmp_path / "a")
    made.record_execution(SECTIONS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed_rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, list[tuple[str, str]]]:
    """What a run without any disturbance leaves behind."""
    stage = AgentStage(tmp_path_factory.mktemp("undisturbed"))
    stage.record_execution(SECTIONS)
    with ExitStack() as living:
        for kind in KINDS:
            living.enter_context(stage.running(kind))
        for message in the_run():
            give(stage, message)
        finish(stage)
    left = snapshot(stage.database), sent_by_agents(stage.database)
    stage.close()
    return left


def the_run() -> list[OutgoingMessage]:
    """The messages of one run, as the runner sends them."""
    common = {"namespace": NAMESPACE, "execution_id": EXECUTION, "run_id": str(RUN), "sender": "runner"}
    gen: list[dict[str, Any]] = [
        {"msg_type": "stf_gen", "filename": f"swf.{RUN}.{n:06d}.stf", "sequence": n, "state": "run"}
        for n in range(1, STFS + 1)
    ]
    contents: list[dict[str, Any]] = [
        {"msg_type": "run_imminent"},
        {"msg_type": "start_run"},
        *gen,
        {"msg_type": "end_run"},
    ]
    return [
        make(EPICTOPIC, {**content, **common, "simulation_tick": float(n)}, message_id=f"{n:032x}")
        for n, content in enumerate(contents)
    ]


def give(stage: AgentStage, message: OutgoingMessage) -> None:
    stage.say(message.body, **message.headers)


def finish(stage: AgentStage) -> None:
    """Wait until the chain has nothing more to do."""

    def done() -> bool:
        with stage.database.read() as connection:
            counts = stf_counts(connection, EXECUTION)
            run = runs.find(connection, RUN)
        return counts == {"processing_complete": STFS} and run is not None and run.end_time is not None

    wait_for(done, 20)
    wait_for(lambda: len(stage.heard(EPICTOPIC, "tf_file_registered")) >= 3, 20)
    stage.settled()


def record(stage: AgentStage, messages_: Sequence[OutgoingMessage]) -> None:
    """Write messages down, as the runner does before it sends them."""
    from swf_console.backend.database import messages

    rows = [outgoing_row(each) for each in messages_]
    with stage.database.write() as connection:
        messages.record(connection, rows)


def test_chain_run_stores_its_rows(stage: AgentStage) -> None:
    with (
        stage.running(DataAgent),
        stage.running(ProcessingAgent),
        stage.running(FastmonAgent),
    ):
        for message in the_run():
            give(stage, message)
        finish(stage)

    with stage.database.read() as connection:
        run = runs.find(connection, RUN)
        stfs = files.stf_page(connection, StfFilter(run_number=RUN)).items[::-1]
        first = stf_workflows.stages_of(connection, stfs[0].stf_filename)
        samples = [files.fastmon_files_of(connection, each.stf_filename) for each in stfs]
        way = stf_workflows.find(connection, stfs[0].stf_filename)
    assert run is not None
    assert run.run_conditions == {"execution_id": EXECUTION, "namespace": NAMESPACE}
    assert [each.status for each in stfs] == ["processed"] * STFS
    assert [bool(each) for each in samples] == [is_sampled(n, 0.3) for n in range(1, STFS + 1)]
    assert {(each.agent_type, each.status) for each in first} == {
        ("data", "data_complete"),
        ("fastmon", "fastmon_complete"),
        ("processing", "processing_complete"),
    }
    assert way is not None
    assert (way.current_status, way.current_agent) == ("processing_complete", "processing")
    assert way.completed_at is not None


def test_chain_messages_match_the_contract(stage: AgentStage) -> None:
    with (
        stage.running(DataAgent),
        stage.running(ProcessingAgent),
        stage.running(FastmonAgent),
    ):
        for message in the_run():
            give(stage, message)
        finish(stage)

    common = {"msg_type", "namespace", "execution_id", "run_id", "timestamp", "simulation_tick", "sender"}
    ready = stage.heard(EPICTOPIC, "stf_ready")[0]
    assert common | {
        "filename", "sequence", "file_url", "checksum", "size_bytes", "start", "end", "processed_by", "state",
        "substate",
    } == set(ready)  # fmt: skip
    sample = stage.heard(EPICTOPIC, "tf_file_registered")[0]
    assert common | {
        "tf_file_id", "tf_filename", "stf_filename", "tf_first", "tf_last", "tf_count", "file_size_bytes",
        "status", "processed_by",
    } == set(sample)  # fmt: skip
    assert sample["tf_filename"] == f"swf.{RUN}.000001_tf_001.tf"
    assert sample["tf_last"] - sample["tf_first"] + 1 == sample["tf_count"]
    complete = stage.heard(MONITORING_QUEUE, "processing_complete")[0]
    assert common | {
        "filename", "input_file_url", "input_checksum", "input_size_bytes", "output_files",
        "processing_time_ms", "processed_by",
    } == set(complete)  # fmt: skip


def test_chain_messages_repeated_in_any_order_store_the_same_rows(
    stage: AgentStage, undisturbed_rows: tuple[Snapshot, list[tuple[str, str]]]
) -> None:
    shuffled = [*the_run(), *the_run()]
    random.Random(7).shuffle(shuffled)
    with (
        stage.running(DataAgent),
        stage.running(ProcessingAgent),
        stage.running(FastmonAgent),
    ):
        for message in shuffled:
            give(stage, message)
        for message in the_run():  # and once more by somebody who gives no id
            stage.say(message.body)
        finish(stage)
    assert (snapshot(stage.database), sent_by_agents(stage.database)) == undisturbed_rows


@pytest.mark.parametrize("victim", KINDS)
def test_chain_agent_restarted_during_run_stores_the_same_rows(
    stage: AgentStage, victim: type[Agent], undisturbed_rows: tuple[Snapshot, list[tuple[str, str]]]
) -> None:
    messages = the_run()
    with ExitStack() as living:
        for kind in KINDS:
            if kind is not victim:
                living.enter_context(stage.running(kind))
            else:
                with stage.running(victim):
                    for message in messages[:4]:
                        give(stage, message)
        for message in messages[4:8]:
            give(stage, message)
        with stage.running(victim):
            for message in messages[8:]:
                give(stage, message)
            finish(stage)
    left = snapshot(stage.database), sent_by_agents(stage.database)
    assert left == undisturbed_rows


def test_chain_agent_joining_late_is_backfilled_from_the_database(
    stage: AgentStage, undisturbed_rows: tuple[Snapshot, list[tuple[str, str]]]
) -> None:
    messages = the_run()
    record(stage, messages)
    for message in messages[:6]:
        give(stage, message)
    with stage.running(DataAgent):
        for message in messages[6:]:
            give(stage, message)
        wait_for(lambda: len(stage.heard(EPICTOPIC, "stf_ready")) == STFS)
        stage.settled()
        with stage.running(ProcessingAgent), stage.running(FastmonAgent):
            finish(stage)
    left, sent = snapshot(stage.database), sent_by_agents(stage.database)
    assert left == undisturbed_rows[0]
    assert sent == undisturbed_rows[1]


def test_chain_invalid_messages_store_nothing_and_agents_continue(
    stage: AgentStage, undisturbed_rows: tuple[Snapshot, list[tuple[str, str]]]
) -> None:
    values: tuple[Any, ...] = (None, 0, -1, 1e300, True, [], {}, "", "\x00", "x" * 5000, "../../etc/passwd\n")
    with (
        stage.running(DataAgent),
        stage.running(ProcessingAgent),
        stage.running(FastmonAgent),
    ):
        for message in the_run():
            content = json.loads(message.body)
            for field in ("run_id", "filename", "sequence", "msg_type", "namespace"):
                for value in values:
                    stage.say(json.dumps(content | {field: value, "filename": value, "sequence": value}))
            give(stage, message)
        finish(stage)
    assert (snapshot(stage.database), sent_by_agents(stage.database)) == undisturbed_rows


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.1, 0.3, 1 / 3, 0.5, 0.999, 1.0])
def test_is_sampled_takes_an_even_share(rate: float) -> None:
    taken = [n for n in range(1, 1001) if is_sampled(n, rate)]
    assert abs(len(taken) - 1000 * rate) < 1
    assert sampled([float(n) for n in range(1, 1001)], rate) == taken  # the prediction says the same
    assert taken[:1] == ([1] if rate else [])
