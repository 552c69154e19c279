#!/usr/bin/env python3
"""The fast processing agent: cuts TF samples into slices for the workers, and records their results."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from _base import EPICTOPIC, Agent, HandlerContext, Message

from swf_console.agent import fastmon_files, run_counters, runs, slices, stf, stf_files, tf_slices
from swf_console.agent.records import NewFastmonFile, NewStfFile, RunState, StateEvent
from swf_console.agent.slices import RESULTS_QUEUE, SLICES_QUEUE, WORKERS_TOPIC

WORKERS = 30
FORWARDED_PARAMETERS = ("slice_processing_time", "worker_rampup_time", "worker_rampdown_time", "core_count")
PHASES = {
    "run_imminent": ("imminent", "beam", "not_ready"),
    "start_run": ("physics", "run", "physics"),
    "pause_run": ("standby", "run", "standby"),
    "resume_run": ("physics", "run", "physics"),
    "end_run": ("ended", "beam", "not_ready"),
}


class FastProcessingAgent(Agent):
    """tf_file_registered -> slices for the workers -> slice_result; announces runs to the workers."""

    agent_type = "fast_processing"
    description = "Cuts TF samples into slices, and collects the results of the workers"
    destinations = (EPICTOPIC, RESULTS_QUEUE)
    counted = "tf_file_registered"

    def handle_run_imminent(self, message: Message, context: HandlerContext) -> None:
        """Request the workers of the run."""
        if not uses_fast_processing(message):
            return
        record_state(message, context)
        parameters = message.parameters
        content: dict[str, Any] = {
            **message.content,
            "execution_id": message.execution_id,
            "target_worker_count": workers_of(message),
            "slice_destination": slice_destination(message.parameters),
            **{name: parameters.get(name) for name in FORWARDED_PARAMETERS},
        }
        context.send(
            WORKERS_TOPIC,
            worker_message("run_imminent_worker", message, content),
            key=str(message.run_number),
        )
        self.log.info("run %s: %d workers requested", message.run_id, workers_of(message))

    def handle_start_run(self, message: Message, context: HandlerContext) -> None:
        """Record the new state of the run."""
        if uses_fast_processing(message):
            record_state(message, context)

    handle_pause_run = handle_start_run
    handle_resume_run = handle_start_run

    def handle_end_run(self, message: Message, context: HandlerContext) -> None:
        """Record how many samples the run has; the workers end when all slices are done."""
        if not uses_fast_processing(message):
            return
        record_state(message, context)
        total = message.integer("total_stf_files", message.integer("total_files", 0))
        rate = float(message.parameters.get("stf_sampling_rate", 1.0))
        expected = stf.samples_among(total, rate)
        run_counters.expect(context.connection, message.run_number, expected)
        content = {**message.content, "execution_id": message.execution_id}
        end = worker_message("end_run", message, content)
        context.send(WORKERS_TOPIC, end, key=f"{message.run_number} end")
        self.log.info("run %s: ended, %d samples expected", message.run_id, expected)

    def handle_tf_file_registered(self, message: Message, context: HandlerContext) -> None:
        """Cut a sample into slices, and send them to the queue."""
        if not uses_fast_processing(message):
            return
        sample = slices.registered(message)
        run_number = message.run_number
        count = int(message.parameters.get("slices_per_sample", slices.SLICES_PER_SAMPLE))
        self.ensure_sample(message, context, sample)
        labels = {"execution_id": message.execution_id, "namespace": message.namespace}
        destination = slice_destination(message.parameters)
        for piece in slices.cut(sample, count, run_number, labels):
            context.write(tf_slices.create, piece)
            content = slices.slice_message(piece, piece.fastmon_file, piece.slice_id, message.execution_id)
            context.send(destination, content, key=content["content"]["req_id"])

    def handle_slice_result(self, message: Message, context: HandlerContext) -> None:
        """Record the result of a slice, of any run; a failed slice is sent to the queue again."""
        outcome = slices.outcome(message)
        result = outcome.result
        if outcome.done:
            context.write(tf_slices.complete, result)
            return
        retry = tf_slices.fail(context.connection, result)
        if retry is None:
            self.log.warning("slice %d of %s: failed finally", result.slice_id, result.fastmon_file)
            return
        self.log.warning(
            "slice %d of %s: failed, retry %d: %s",
            result.slice_id,
            result.fastmon_file,
            retry.attempt,
            result.details.get("error", ""),
        )
        execution_id = retry.metadata.get("execution_id")
        content = slices.slice_message(retry, result.fastmon_file, result.slice_id, execution_id)
        # the parameters of the slice's own execution: results of external workers do not name it
        destination = slice_destination(self.parameters_of(execution_id))
        context.send(destination, content, key=content["content"]["req_id"])

    def ensure_sample(self, message: Message, context: HandlerContext, sample: slices.Sample) -> None:
        """Register a sample and its STF, if the agent that took the sample did not."""
        labels = {"execution_id": message.execution_id, "namespace": message.namespace}
        context.write(
            stf_files.register,
            NewStfFile(
                sample.stf_filename,
                message.run_number,
                message.time,
                run_conditions=stf.run_conditions(message),
            ),
        )
        context.write(
            fastmon_files.register,
            NewFastmonFile(
                sample.tf_filename,
                sample.stf_filename,
                tf_first=sample.tf_first,
                tf_last=sample.tf_first + sample.tf_count - 1,
                tf_count=sample.tf_count,
                file_size_bytes=message.integer("file_size_bytes", 0),
                metadata=labels,
            ),
        )


def uses_fast_processing(message: Message) -> bool:
    """Whether its execution uses fast processing; true for an execution without a record."""
    return not message.parameters or "slices_per_sample" in message.parameters


def workers_of(message: Message) -> int:
    """How many workers its execution requests."""
    return int(message.parameters.get("target_worker_count", WORKERS))


def slice_destination(parameters: Mapping[str, Any]) -> str:
    """The destination of an execution's slices."""
    return str(parameters.get("slice_destination", SLICES_QUEUE))


def worker_message(msg_type: str, message: Message, content: dict[str, Any]) -> dict[str, Any]:
    """A message about a run to the workers."""
    return {
        "msg_type": msg_type,
        "run_id": message.run_id,
        "created_at": datetime.now(UTC).isoformat(),
        "content": content,
    }


def record_state(message: Message, context: HandlerContext) -> None:
    """Store the state of the run, and the state event if its runner does not store it."""
    phase, state, substate = PHASES[message.msg_type]
    known = {"execution_id": message.execution_id}
    run_counters.ensure(
        context.connection,
        RunState(message.run_number, phase, state, substate, workers_of(message), message.time, known),
    )
    event = StateEvent(message.time, message.run_number, message.msg_type, state, substate, message.content)
    if not message.execution.ours and run_counters.is_news(context.connection, event):
        runs.insert_events(context.connection, [event])


if __name__ == "__main__":
    FastProcessingAgent.main()
