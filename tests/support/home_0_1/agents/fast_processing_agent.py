#!/usr/bin/env python3
"""The fast processing agent: cuts TF samples into slices for the workers, and follows what comes of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from _base import EPICTOPIC, Agent, Message, Work

from swf_console.backend.agent import slices, stf
from swf_console.backend.agent.slices import RESULTS_QUEUE, SLICES_QUEUE, WORKERS_TOPIC
from swf_console.backend.database import fastmon_files, run_counts, states, stf_files
from swf_console.backend.database import slices as slice_rows
from swf_console.backend.database.processing_records import NewFastmonFile, NewStfFile
from swf_console.backend.database.records import RunState, StateEvent

WORKERS = 30
NOTICE = ("slice_processing_time", "worker_rampup_time", "worker_rampdown_time", "core_count")
PHASES = {
    "run_imminent": ("imminent", "beam", "not_ready"),
    "start_run": ("physics", "run", "physics"),
    "pause_run": ("standby", "run", "standby"),
    "resume_run": ("physics", "run", "physics"),
    "end_run": ("ended", "beam", "not_ready"),
}


class FastProcessingAgent(Agent):
    """tf_file_registered -> slices for the workers -> slice_result; tells the workers of runs."""

    agent_type = "fast_processing"
    description = "Cuts TF samples into slices, and collects what the workers make of them"
    destinations = (EPICTOPIC, RESULTS_QUEUE)
    counted = "tf_file_registered"

    def handle_run_imminent(self, message: Message, work: Work) -> None:
        """A run is about to begin: its workers are asked for."""
        if not concerns(message):
            return
        note_state(message, work)
        parameters = message.parameters
        told: dict[str, Any] = {
            **message.content,
            "execution_id": message.execution_id,
            "target_worker_count": workers_of(message),
            "slice_destination": slices_go_to(message.parameters),
            **{name: parameters.get(name) for name in NOTICE},
        }
        work.send(WORKERS_TOPIC, notice("run_imminent_worker", message, told), key=str(message.run_number))
        self.log.info("run %s: %d workers asked for", message.run_id, workers_of(message))

    def handle_start_run(self, message: Message, work: Work) -> None:
        """The run takes another state."""
        if concerns(message):
            note_state(message, work)

    handle_pause_run = handle_start_run
    handle_resume_run = handle_start_run

    def handle_end_run(self, message: Message, work: Work) -> None:
        """A run has ended: how many samples it has is known now, and the workers may go when all is done."""
        if not concerns(message):
            return
        note_state(message, work)
        total = message.integer("total_stf_files", message.integer("total_files", 0))
        rate = float(message.parameters.get("stf_sampling_rate", 1.0))
        expected = stf.samples_among(total, rate)
        run_counts.expect(work.connection, message.run_number, expected)
        told = {**message.content, "execution_id": message.execution_id}
        work.send(WORKERS_TOPIC, notice("end_run", message, told), key=f"{message.run_number} end")
        self.log.info("run %s has ended; %d samples in all", message.run_id, expected)

    def handle_tf_file_registered(self, message: Message, work: Work) -> None:
        """Cut a sample into slices, and put them into the queue."""
        if not concerns(message):
            return
        sample = slices.registered(message)
        run_number = message.run_number
        count = int(message.parameters.get("slices_per_sample", slices.SLICES_PER_SAMPLE))
        self.ensure_sample(message, work, sample)
        whose = {"execution_id": message.execution_id, "namespace": message.namespace}
        destination = slices_go_to(message.parameters)
        for piece in slices.cut(sample, count, run_number, whose):
            work.write(slice_rows.create, piece)
            told = slices.slice_message(piece, piece.fastmon_file, piece.slice_id, message.execution_id)
            work.send(destination, told, key=told["content"]["req_id"])

    def handle_slice_result(self, message: Message, work: Work) -> None:
        """Note what became of a slice, of whatever run; one that failed goes into the queue again."""
        said = slices.outcome(message)
        if said.done:
            work.write(slice_rows.complete, said.result)
            return
        result = said.result
        retry = slice_rows.fail(work.connection, result)
        if retry is None:
            self.log.warning("slice %d of %s has failed for good", result.slice_id, result.fastmon_file)
            return
        self.log.warning(
            "slice %d of %s failed, retry %d: %s",
            result.slice_id,
            result.fastmon_file,
            retry.attempt,
            result.details.get("error", ""),
        )
        execution_id = retry.metadata.get("execution_id")
        told = slices.slice_message(retry, result.fastmon_file, result.slice_id, execution_id)
        destination = slices_go_to(self.parameters_of(execution_id))  # a worker elsewhere names only its run
        work.send(destination, told, key=told["content"]["req_id"])

    def ensure_sample(self, message: Message, work: Work, sample: slices.Sample) -> None:
        """Register a sample and its STF where whoever took it did not."""
        whose = {"execution_id": message.execution_id, "namespace": message.namespace}
        work.write(
            stf_files.register,
            NewStfFile(
                sample.stf_filename,
                message.run_number,
                message.time,
                run_conditions=stf.run_conditions(message),
            ),
        )
        work.write(
            fastmon_files.register,
            NewFastmonFile(
                sample.tf_filename,
                sample.stf_filename,
                tf_first=sample.tf_first,
                tf_last=sample.tf_first + sample.tf_count - 1,
                tf_count=sample.tf_count,
                file_size_bytes=message.integer("file_size_bytes", 0),
                metadata=whose,
            ),
        )


def concerns(message: Message) -> bool:
    """Whether its execution wants fast processing; one that nobody has a record of does."""
    return not message.parameters or "slices_per_sample" in message.parameters


def workers_of(message: Message) -> int:
    """How many workers its execution wants."""
    return int(message.parameters.get("target_worker_count", WORKERS))


def slices_go_to(parameters: Mapping[str, Any]) -> str:
    """The destination of an execution's slices."""
    return str(parameters.get("slice_destination", SLICES_QUEUE))


def notice(msg_type: str, message: Message, told: dict[str, Any]) -> dict[str, Any]:
    """What the workers are told of a run."""
    return {
        "msg_type": msg_type,
        "run_id": message.run_id,
        "created_at": datetime.now(UTC).isoformat(),
        "content": told,
    }


def note_state(message: Message, work: Work) -> None:
    """Store what the run does now, and its history where its runner does not keep it itself."""
    phase, state, substate = PHASES[message.msg_type]
    known = {"execution_id": message.execution_id}
    run_counts.ensure(
        work.connection,
        RunState(message.run_number, phase, state, substate, workers_of(message), message.time, known),
    )
    event = StateEvent(message.time, message.run_number, message.msg_type, state, substate, message.content)
    if not message.execution.ours and run_counts.is_news(work.connection, event):
        states.insert_events(work.connection, [event])


if __name__ == "__main__":
    FastProcessingAgent.main()
