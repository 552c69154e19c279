"""What agents of elsewhere left on the broker, and what nobody takes from it."""

import json
import logging
import shutil
import time
from pathlib import Path

import pytest
from example_data_agent import DataAgent
from example_processing_agent import ProcessingAgent
from fast_processing_agent import FastProcessingAgent
from slice_worker import SliceWorker

from swf_console.backend.core.destinations import MONITORING_QUEUE, RESULTS_QUEUE, SLICES_QUEUE
from swf_console.backend.database import open_database, sequences
from tests.support.agents import RUN, AgentStage
from tests.support.fast_run import SECTIONS, SLICES, is_over, state_of, the_run
from tests.support.waiting import wait_for


def stage_of(home: Path, **changes: object) -> AgentStage:
    """A stage with the execution of the run, in fast mode."""
    stage = AgentStage(home)
    section = SECTIONS["fast_processing"] | changes
    stage.record_execution(SECTIONS | {"fast_processing": section}, environment={"realtime": False})
    return stage


def announce(stage: AgentStage) -> None:
    """A run of one STF begins, of which a sample is taken."""
    stage.say(the_run(stfs=1)[0].body)
    stage.send(
        "tf_file_registered",
        tf_filename=f"swf.{RUN}.000001_tf_001.tf",
        stf_filename=f"swf.{RUN}.000001.stf",
        tf_first=0,
        tf_last=149,
    )


def test_consumer_slice_of_replaced_database_goes_to_the_dead_letter_queue(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = stage_of(tmp_path / "old"), stage_of(tmp_path / "new")
    new.broker = old.broker
    with old.running(FastProcessingAgent):
        announce(old)
        wait_for(lambda: len(old.heard(SLICES_QUEUE)) == SLICES)
    with (
        caplog.at_level(logging.WARNING),
        new.running(SliceWorker) as worker,
        new.running(FastProcessingAgent),
    ):
        new.say(the_run(stfs=1)[0].body)
        wait_for(lambda: worker.counts.dead_letters == SLICES)
    assert len(old.broker.dead) == SLICES
    assert not old.heard(RESULTS_QUEUE)
    said = [record.message for record in caplog.records if "other database" in record.message]
    assert said == [
        f"message moved to the dead-letter queue: slice of run {RUN} on {SLICES_QUEUE}: other database. "
        "Was the database replaced?"
    ]
    old.close()
    new.close()


def test_database_id_of_replaced_database_differs(tmp_path: Path) -> None:
    stage = AgentStage(tmp_path / "a")
    with stage.database.write() as connection:
        first = sequences.database_id(connection)
        assert sequences.database_id(connection) == first
    stage.close()
    shutil.rmtree(tmp_path / "a/.state")
    again = AgentStage(tmp_path / "a")
    with again.database.write() as connection:
        assert sequences.database_id(connection) != first
    again.close()


def test_agent_in_another_database_has_another_identity(tmp_path: Path) -> None:
    stage = AgentStage(tmp_path / "a")
    with stage.running(DataAgent) as agent:
        first = agent._runtime.identity
    stage.close()
    (tmp_path / "a/.state/swf.db").unlink()
    stage.database = open_database(stage.settings.database_url)
    with stage.running(DataAgent) as agent:
        assert agent._runtime.identity.client_id != first.client_id
    stage.close()


def test_notice_not_consumed_expires_at_the_broker(tmp_path: Path) -> None:
    stage = AgentStage(tmp_path / "a")
    stage.record_execution(SECTIONS)
    with stage.running(ProcessingAgent):
        stage.send("stf_ready", filename=f"swf.{RUN}.000001.stf", sequence=1)
        wait_for(lambda: stage.heard(MONITORING_QUEUE))
    (notice,) = [one for one in stage.broker.accepted if one.destination == MONITORING_QUEUE]
    assert notice.headers["persistent"] == "false"
    assert 0 < int(notice.headers["expires"]) / 1000 - time.time() <= 86_400
    assert json.loads(notice.body)["filename"] == f"swf.{RUN}.000001.stf"
    stage.close()


def test_workers_take_slices_from_the_configured_queue(tmp_path: Path) -> None:
    stage = stage_of(tmp_path / "a", slice_destination="/queue/slices.of.demo")
    with stage.running(FastProcessingAgent), stage.running(SliceWorker):
        announce(stage)
        wait_for(lambda: len(stage.heard("/queue/slices.of.demo")) == SLICES)
        stage.say(the_run(stfs=1)[-1].body)
        wait_for(lambda: is_over(stage.database), 20)
    assert not stage.heard(SLICES_QUEUE)
    stage.close()


def test_workers_ignore_slices_on_a_topic(tmp_path: Path) -> None:
    stage = stage_of(tmp_path / "a", slice_destination="/topic/panda.slices")
    with stage.running(FastProcessingAgent), stage.running(SliceWorker) as worker:
        stage.say(the_run(stfs=1)[0].body)
        wait_for(lambda: worker.counts.handled["run_imminent_worker"] == 1)
        assert worker.pools == {}
    assert state_of(stage.database) is not None
    stage.close()
