#!/usr/bin/env python3
"""The processing agent: standard processing of each STF as a whole."""

import time

from _base import EPICTOPIC, MONITORING_QUEUE, Agent, HandlerContext, Message

from swf_console.agent import stf, stf_files, stf_workflows
from swf_console.agent.stf import Stf

# the message expires, so that the queue stays empty without a consumer: the tables hold the same
EXPIRY_SECONDS = 86_400.0


class ProcessingAgent(Agent):
    """stf_ready -> processing on a separate thread -> processing_complete, with recorded stages."""

    agent_type = "processing"
    description = "Standard processing of whole STFs"
    destinations = (EPICTOPIC,)
    counted = "stf_ready"

    def handle_start_run(self, message: Message, context: HandlerContext) -> None:  # noqa: ARG002
        """Log the start of the run."""
        self.log.info("run %s: started", message.run_id)

    def handle_stf_ready(self, message: Message, context: HandlerContext) -> None:
        """Record that processing has started, and process the STF in the background."""
        ready = stf.ready(message)
        stf.register(context, ready)
        context.write(stf_workflows.begin_stages, ready.stage(context, self.agent_type))
        context.write(stf_files.advance, (ready.filename, "processing"))
        context.background(self.process, message, ready)

    def process(self, message: Message, ready: Stf) -> None:
        """Process one STF; outside of any transaction, so it may take any time."""
        started = time.monotonic()
        output_files = reconstruct(ready)
        seconds = time.monotonic() - started
        with self.transaction(message) as context:
            complete = {
                "msg_type": "processing_complete",
                "filename": ready.filename,
                "run_id": message.run_id,
                "input_file_url": ready.file_url,
                "input_checksum": ready.checksum,
                "input_size_bytes": ready.size_bytes,
                "output_files": output_files,
                "processing_time_ms": round(seconds * 1000, 3),
                "processed_by": context.agent_name,
            }
            sent = context.send(MONITORING_QUEUE, complete, key=ready.filename, keep_seconds=EXPIRY_SECONDS)
            stage = ready.stage(context, self.agent_type, output_message=sent, seconds=seconds, last=True)
            context.write(stf_workflows.complete_stages, stage)
            context.write(stf_files.advance, (ready.filename, "processed"))

    def handle_end_run(self, message: Message, context: HandlerContext) -> None:  # noqa: ARG002
        """Log the end of the run; STFs in processing are finished."""
        self.log.info("run %s: ended", message.run_id)


def reconstruct(ready: Stf) -> list[str]:
    """Return the output files of an STF's reconstruction. Insert the real work here."""
    return [f"{ready.base}.reco.root"]


if __name__ == "__main__":
    ProcessingAgent.main()
