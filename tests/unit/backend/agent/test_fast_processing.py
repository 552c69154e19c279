"""Fast processing: slices, workers, results and retries, and whatever happens on the way, the same rows."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import slice_worker
from example_data_agent import DataAgent
from example_fastmon_agent import FastmonAgent
from fast_processing_agent import FastProcessingAgent
from slice_worker import SliceWorker

from swf_console.backend.agent.base import Agent
from swf_console.backend.agent.processing.slices import Slice
from swf_console.backend.core.destinations import EPICTOPIC, RESULTS_QUEUE, SLICES_QUEUE, WORKERS_TOPIC
from swf_console.backend.database import Database, runs, slices, workers
from swf_console.backend.database.records.pages import Window
from swf_console.backend.database.records.processing import TfSlice
from swf_console.backend.database.records.workflows import RunState
from swf_console.backend.messaging.message import OutgoingMessage
from tests.support.agents import EXECUTION, RUN, AgentStage
from tests.support.fast_run import SECTIONS, SLICES, STFS, WORKERS, is_over, left_by, state_of, the_run
from tests.support.waiting import wait_for

KINDS: tuple[type[Agent], ...] = (DataAgent, FastmonAgent, FastProcessingAgent, SliceWorker)
SAMPLES = 3
Snapshot = dict[str, list[str]]


def fast(stage: AgentStage, **changes: Any) -> AgentStage:
    """A stage with the execution of the run, in fast mode."""
    section = SECTIONS["fast_processing"] | changes
    stage.record_execution(SECTIONS | {"fast_processing": section}, environment={"realtime": False})
    return stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[AgentStage]:
    made = fast(AgentStage(tmp_path / "a"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed_rows(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """What a run without any disturbance leaves behind."""
    stage = fast(AgentStage(tmp_path_factory.mktemp("undisturbed")))
    with ExitStack() as living:
        for kind in KINDS:
            living.enter_context(stage.running(kind))
        for message in the_run():
            give(stage, message)
        finish(stage)
    left = left_by(stage.database)
    stage.close()
    return left


def give(stage: AgentStage, message: OutgoingMessage) -> None:
    stage.say(message.body, **message.headers)


def finish(stage: AgentStage, number: int = RUN) -> None:
    wait_for(lambda: is_over(stage.database, number), 20)
    stage.settled()


def slices_of(database: Database, number: int = RUN) -> list[TfSlice]:
    with database.read() as connection:
        found = slices.rows.listed(connection, {"run_number": number}, Window(1000)).items
    return sorted(found, key=lambda one: (one.fastmon_file, one.slice_id))


def known_state(stage: AgentStage, number: int = RUN) -> RunState:
    state = state_of(stage.database, number)
    assert state is not None
    return state


def register_sample(stage: AgentStage, stf: int = 1, number: int = RUN) -> str:
    name = f"swf.{number}.{stf:06d}_tf_001.tf"
    stage.send(
        "tf_file_registered",
        tf_filename=name,
        stf_filename=f"swf.{number}.{stf:06d}.stf",
        tf_first=100,
        tf_last=249,
        tf_count=150,
        run_id=str(number),
    )
    return name


def answer(stage: AgentStage, sample: str, slice_id: int, state: str = "done", **more: Any) -> None:
    """A result as somebody else's worker sends it."""
    named = {"slice_id": slice_id, "tf_filename": slices.slice_file(sample, slice_id), "state": state}
    content = {
        "state": state,
        "processed_at": "2026-01-01T00:01:00+00:00",
        "hostname": "farm7",
        "panda_id": 77,
        "processing_start_at": "2026-01-01T00:00:30+00:00",
        "result": {"result": {**named, "processed": state == "done"}},
    }
    stage.say(
        json.dumps({"msg_type": "slice_result", "run_id": str(RUN), "content": content}),
        RESULTS_QUEUE,
        **more,
    )


def test_run_completed_counts_slices_and_ends_workers(
    stage: AgentStage,
) -> None:
    with ExitStack() as living:
        for kind in KINDS:
            living.enter_context(stage.running(kind))
        for message in the_run():
            give(stage, message)
        finish(stage)
    state = known_state(stage)
    made = SAMPLES * SLICES
    assert (state.stf_samples_received, state.slices_created, state.slices_completed) == (SAMPLES, made, made)
    assert (state.slices_queued, state.slices_processing, state.slices_failed) == (0, 0, 0)
    assert (state.phase, state.target_worker_count) == ("completed", WORKERS)
    rows = slices_of(stage.database)
    assert [one.status for one in rows] == ["completed"] * made
    assert sum(one.tf_count for one in rows) == SAMPLES * 150
    assert all(one.assigned_at and one.completed_at for one in rows)
    with stage.database.read() as connection:
        found = workers.rows.listed(connection, {"run_number": RUN}, Window(100)).items
    assert sum(one.slices_completed for one in found) == made
    assert [one.status for one in found] == ["ended"] * WORKERS
    assert all(one.ended_at for one in found)


def test_fast_processing_messages_match_the_contract(stage: AgentStage) -> None:
    with stage.running(FastProcessingAgent), stage.running(SliceWorker):
        for message in the_run():
            give(stage, message)
        sample = register_sample(stage)
        wait_for(lambda: len(stage.heard(RESULTS_QUEUE)) == SLICES)
        wait_for(lambda: len(stage.heard(WORKERS_TOPIC)) == 2)
        stage.send("slice_result", RESULTS_QUEUE)
    first = min(stage.heard(SLICES_QUEUE), key=lambda each: each["content"]["slice_id"])
    assert {"msg_type", "run_id", "created_at", "content", "namespace", "sender"} <= set(first)
    req_id = first["content"].pop("req_id")
    assert len(req_id) == 36
    assert first["content"] == {
        "run_id": str(RUN),
        "execution_id": EXECUTION,
        "filename": f"swf.{RUN}.000001.stf",
        "tf_filename": sample.replace(".tf", "_slice_000.tf"),
        "slice_id": 0,
        "start": 100,
        "end": 129,
        "tf_count": 30,
        "attempt": 0,
        "state": "queued",
        "substate": "new",
    }
    imminent, ended = stage.heard(WORKERS_TOPIC)
    assert imminent["msg_type"] == "run_imminent_worker"
    assert imminent["content"]["msg_type"] == "run_imminent"
    wanted = {name: imminent["content"][name] for name in ("target_worker_count", "worker_rampup_time")}
    assert wanted == {"target_worker_count": WORKERS, "worker_rampup_time": 300}
    assert imminent["content"]["core_count"] is None
    assert (ended["msg_type"], ended["content"]["total_stf_files"]) == ("end_run", STFS)
    result = next(each for each in stage.heard(RESULTS_QUEUE) if each["content"]["req_id"] == req_id)
    assert result["content"]["state"] == "done"
    assert result["content"]["result"]["result"] == {
        "slice_id": 0,
        "tf_filename": sample.replace(".tf", "_slice_000.tf"),
        "state": "done",
        "processed": True,
    }


def test_fast_processing_messages_repeated_in_any_order_store_the_same_rows(
    stage: AgentStage, undisturbed_rows: Snapshot
) -> None:
    shuffled = [*the_run(), *the_run()]
    random.Random(5).shuffle(shuffled)
    with ExitStack() as living:
        for kind in KINDS:
            living.enter_context(stage.running(kind))
        for message in shuffled:
            give(stage, message)
        finish(stage)
        for stored in list(stage.broker.accepted):  # and all that the agents said once more
            stage.say(stored.body, stored.destination)
        stage.settled()
        finish(stage)
    assert left_by(stage.database) == undisturbed_rows


@pytest.mark.parametrize("victim", KINDS)
def test_fast_processing_agent_restarted_during_run_stores_the_same_rows(
    stage: AgentStage, victim: type[Agent], undisturbed_rows: Snapshot
) -> None:
    messages = the_run()
    with ExitStack() as others, ExitStack() as first_life:
        for kind in KINDS:
            (first_life if kind is victim else others).enter_context(stage.running(kind))
        for message in messages[:4]:
            give(stage, message)
        first_life.close()
        for message in messages[4:8]:
            give(stage, message)
        with stage.running(victim):
            for message in messages[8:]:
                give(stage, message)
            finish(stage)
    assert left_by(stage.database) == undisturbed_rows


def test_slice_failing_is_retried_three_times_then_failed(stage: AgentStage) -> None:
    class Failing(SliceWorker):
        def process(self, piece: Slice) -> None:
            if piece.slice_id == 2:
                raise RuntimeError("bad calibration")

    with stage.running(FastProcessingAgent), stage.running(Failing):
        give(stage, the_run(stfs=1)[0])
        register_sample(stage)
        give(stage, the_run(stfs=1)[-1])
        finish(stage)
    rows = slices_of(stage.database)
    assert [one.status for one in rows] == ["completed", "completed", "failed", "completed", "completed"]
    assert [one.retries for one in rows] == [0, 0, 3, 0, 0]
    assert len(stage.heard(SLICES_QUEUE)) == SLICES + 3
    assert known_state(stage).slices_failed == 1
    assert known_state(stage).phase == "completed"


def results_in(order: Callable[[list[int]], None], stage: AgentStage) -> list[tuple[str, int]]:
    with stage.running(FastProcessingAgent):
        give(stage, the_run()[0])
        sample = register_sample(stage)
        wait_for(lambda: len(slices_of(stage.database)) == SLICES)
        told = [0, 1, 2, 0]  # two failures and a success, one of them told twice
        order(told)
        for n in told:
            answer(stage, sample, 3, "failed" if n < 2 else "done", swf_message_id=f"{n:032x}")
            answer(stage, sample, 4, "failed", swf_message_id=f"{n + 10:032x}")
        stage.settled()
    return [(one.status, one.retries) for one in slices_of(stage.database)[3:]]


@pytest.mark.parametrize("seed", range(4))
def test_slice_results_repeated_in_any_order_store_the_same_rows(stage: AgentStage, seed: int) -> None:
    assert results_in(random.Random(seed).shuffle, stage) == [("completed", 2), ("queued", 3)]


def test_slice_result_of_earlier_run_changes_only_that_run(stage: AgentStage) -> None:
    earlier = RUN - 1
    with stage.running(FastProcessingAgent):
        for number in (earlier, RUN):
            give(stage, the_run(number)[0])
            register_sample(stage, number=number)
        wait_for(lambda: len(slices_of(stage.database)) == len(slices_of(stage.database, earlier)) == SLICES)
        before = left_by(stage.database)["swf_run_state"][1]
        for slice_id in range(SLICES):
            answer(stage, f"swf.{earlier}.000001_tf_001.tf", slice_id)  # which claims to be of this run
        stage.settled()
        wait_for(lambda: known_state(stage, earlier).slices_completed == SLICES)
    assert left_by(stage.database)["swf_run_state"][1] == before
    assert {one.status for one in slices_of(stage.database)} == {"queued"}
    assert {one.assigned_worker for one in slices_of(stage.database, earlier)} == {"farm7-77"}


def test_fast_processing_invalid_messages_store_nothing_and_agents_continue(
    stage: AgentStage, undisturbed_rows: Snapshot
) -> None:
    values: tuple[Any, ...] = (
        None,
        -1,
        1e300,
        True,
        [],
        {},
        "",
        "\x00",
        "x" * 5000,
        {"result": {"result": 3}},
    )
    with ExitStack() as living:
        for kind in KINDS:
            living.enter_context(stage.running(kind))
        kinds = {"slice": SLICES_QUEUE, "slice_result": RESULTS_QUEUE, "run_imminent_worker": WORKERS_TOPIC}
        for msg_type, destination in {**kinds, "tf_file_registered": EPICTOPIC, "end_run": EPICTOPIC}.items():
            for value in values:
                content = {"msg_type": msg_type, "content": value, "run_id": value, "tf_filename": value}
                stage.say(json.dumps(content), destination)
                inner = {"slice_id": value, "tf_filename": value, "run_id": value, "result": value}
                stage.say(json.dumps(content | {"content": inner}), destination)
        answer(stage, "nobody's_tf_001.tf", 3)
        answer(stage, "nobody's_tf_001.tf", 3, "failed")
        for message in the_run():
            give(stage, message)
        finish(stage)
    assert left_by(stage.database) == undisturbed_rows


def test_slice_destination_configured_receives_the_slices(tmp_path: Path) -> None:
    stage = fast(AgentStage(tmp_path / "b"), slice_destination="/topic/panda.slices")
    with stage.running(FastProcessingAgent):
        give(stage, the_run()[0])
        register_sample(stage)
        wait_for(lambda: len(stage.heard("/topic/panda.slices")) == SLICES)
        answer(stage, f"swf.{RUN}.000001_tf_001.tf", 2, "failed")  # which does not name the execution
        wait_for(lambda: len(stage.heard("/topic/panda.slices")) == SLICES + 1)
    assert not stage.heard(SLICES_QUEUE)
    stage.close()


def test_run_of_foreign_runner_gets_its_state_events_from_the_agent(tmp_path: Path) -> None:
    stage = AgentStage(tmp_path / "c")
    with stage.running(FastProcessingAgent):
        for message in [*the_run(), *the_run()]:
            stage.say(message.body)
        wait_for(lambda: known_phase(stage) == "ended")
        stage.settled()
    with stage.database.read() as connection:
        told = [(one.event_type, one.state) for one in runs.events(connection, RUN).items]
    assert told == [("run_imminent", "beam"), ("start_run", "run"), ("end_run", "beam")]


def known_phase(stage: AgentStage) -> str | None:
    state = state_of(stage.database)
    return None if state is None else state.phase


def test_execution_without_fast_processing_is_ignored(tmp_path: Path) -> None:
    stage = AgentStage(tmp_path / "d")
    stage.record_execution({"daq_state_machine": {"stf_interval": 2.0}, "stf_processing": {"stf_count": 3}})
    with stage.running(FastProcessingAgent) as agent:
        give(stage, the_run()[0])
        register_sample(stage)
        wait_for(lambda: agent.counts.handled["tf_file_registered"] == 1)
    assert state_of(stage.database) is None
    assert not stage.heard(SLICES_QUEUE)
    stage.close()


def realtime(tmp_path: Path, **changes: Any) -> AgentStage:
    """A stage whose run takes its time, as little as that is."""
    stage = AgentStage(tmp_path / "r")
    quick = {"slice_processing_time": 0.3, "worker_rampup_time": 0.4, "worker_rampdown_time": 0.1}
    section = SECTIONS["fast_processing"] | quick | changes
    stage.record_execution(SECTIONS | {"fast_processing": section}, environment={"realtime": True})
    return stage


def test_workers_in_real_time_ramp_up_process_and_ramp_down(tmp_path: Path) -> None:
    stage = realtime(tmp_path)
    first, *_, last = the_run(stfs=1)
    with stage.running(FastProcessingAgent), stage.running(SliceWorker):
        stage.say(json.dumps(json.loads(first.body) | {"timestamp": None}))
        register_sample(stage)
        wait_for(lambda: known_phase(stage) and known_state(stage).slices_processing > 0, 10)
        busy = next(one for one in slices_of(stage.database) if one.status == "processing")
        assert busy.assigned_worker
        assert busy.assigned_worker.startswith(f"run-{RUN}-worker-")
        wait_for(lambda: known_state(stage).active_worker_count == WORKERS, 10)
        give(stage, last)
        finish(stage)
    rows = slices_of(stage.database)
    spent = [one.completed_at - one.assigned_at for one in rows if one.completed_at and one.assigned_at]
    assert len(spent) == SLICES
    assert min(spent).total_seconds() >= 0.3
    stage.close()


def test_worker_not_started_before_end_of_run_is_not_started(tmp_path: Path) -> None:
    stage = realtime(tmp_path, worker_rampup_time=40, slice_processing_time=0, slices_per_sample=3)
    with stage.running(FastProcessingAgent), stage.running(SliceWorker) as worker:
        stage.say(json.dumps(json.loads(the_run(stfs=1)[0].body) | {"timestamp": "now less eleven seconds"}))
        wait_for(lambda: worker.pools, 10)
        crew = worker.pools[RUN]
        crew.terms = replace(crew.terms, asked_at=datetime.now(UTC) - timedelta(seconds=11))
        worker.ramp_up(crew)  # the first of four has come
        register_sample(stage)
        give(stage, the_run(stfs=1)[-1])
        finish(stage)
        crew.terms = replace(crew.terms, asked_at=datetime.now(UTC) - timedelta(seconds=100))
        worker.ramp_up(crew)
        worker.take_over(crew)
        assert known_state(stage).active_worker_count == 0
        with stage.database.read() as connection:
            found = workers.rows.listed(connection, {"run_number": RUN}, Window(100)).items
        assert [(one.status, one.slices_completed) for one in found] == [("ended", 3)]
    stage.close()


def test_worker_processes_two_share_the_workers(tmp_path: Path) -> None:
    stage = realtime(tmp_path, worker_rampup_time=0, target_worker_count=7, slices_per_sample=30)
    with ExitStack() as living:
        living.enter_context(stage.running(FastProcessingAgent))
        pair = [living.enter_context(stage.running(SliceWorker, instance=name)) for name in "ab"]
        give(stage, the_run(stfs=1)[0])
        register_sample(stage)
        wait_for(lambda: known_phase(stage) and known_state(stage).active_worker_count == 7, 10)
        with stage.database.read() as connection:
            found = workers.rows.listed(connection, {"run_number": RUN}, Window(100)).items
        owners = [one.panda_job for one in found]
        assert sorted(owners.count(one.name) for one in pair) == [3, 4]
        give(stage, the_run(stfs=1)[-1])
        finish(stage)
    assert len({one.assigned_worker for one in slices_of(stage.database)}) == 7
    stage.close()


def test_workers_of_dead_process_are_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slice_worker, "STALE", timedelta(seconds=0.2))
    monkeypatch.setattr(slice_worker, "TAKEOVER_SECONDS", 0.1)
    stage = realtime(tmp_path, worker_rampup_time=0, slice_processing_time=0.05)
    with stage.running(FastProcessingAgent), stage.running(SliceWorker):
        with stage.running(SliceWorker, instance="b"):
            give(stage, the_run(stfs=1)[0])
            wait_for(lambda: known_phase(stage) and known_state(stage).active_worker_count == WORKERS, 10)
        register_sample(stage)
        give(stage, the_run(stfs=1)[-1])
        wait_for(lambda: is_over(stage.database), 20)
    stage.close()


def test_fast_processing_two_namespaces_are_separate(stage: AgentStage) -> None:
    with (
        stage.running(FastProcessingAgent),
        stage.running(SliceWorker),
        stage.running(SliceWorker, "other"),
    ):
        message = the_run()[0]
        foreign = json.loads(message.body) | {"namespace": "other"}
        stage.say(json.dumps(foreign))
        give(stage, the_run(RUN + 1, stfs=1)[0])
        register_sample(stage, number=RUN + 1)
        give(stage, the_run(RUN + 1, stfs=1)[-1])
        finish(stage, RUN + 1)
    assert state_of(stage.database) is None
    assert known_state(stage, RUN + 1).slices_completed == SLICES
