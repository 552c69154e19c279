#!/usr/bin/env python3
"""The processing agent: standard processing of each STF as a whole."""

import time

from _base import EPICTOPIC, MONITORING_QUEUE, Agent, Message, Work

from swf_console.backend.agent import stf
from swf_console.backend.agent.stf import Stf
from swf_console.backend.database import stf_files, stf_workflows

NOTICE_SECONDS = 86_400.0  # where nobody monitors, nothing piles up: the tables say it too


class ProcessingAgent(Agent):
    """stf_ready -> processing on a thread of its own -> processing_complete, with the stages recorded."""

    agent_type = "processing"
    description = "Standard processing of whole STFs"
    destinations = (EPICTOPIC,)
    counted = "stf_ready"

    def handle_start_run(self, message: Message, work: Work) -> None:  # noqa: ARG002
        """A run begins."""
        self.log.info("run %s has started", message.run_id)

    def handle_stf_ready(self, message: Message, work: Work) -> None:
        """Note that the STF is in work, and process it beside others."""
        ready = stf.ready(message)
        stf.register(work, ready)
        work.write(stf_workflows.begin_stages, ready.stage(work, self.agent_type))
        work.write(stf_files.advance, (ready.filename, "processing"))
        work.background(self.process, message, ready)

    def process(self, message: Message, ready: Stf) -> None:
        """Process one STF; outside of any transaction, so it may take as long as it takes."""
        began = time.monotonic()
        output_files = reconstruct(ready)
        seconds = time.monotonic() - began
        with self.transaction(message) as work:
            complete = {
                "msg_type": "processing_complete",
                "filename": ready.filename,
                "run_id": message.run_id,
                "input_file_url": ready.file_url,
                "input_checksum": ready.checksum,
                "input_size_bytes": ready.size_bytes,
                "output_files": output_files,
                "processing_time_ms": round(seconds * 1000, 3),
                "processed_by": work.agent_name,
            }
            sent = work.send(MONITORING_QUEUE, complete, key=ready.filename, keep_seconds=NOTICE_SECONDS)
            stage = ready.stage(work, self.agent_type, output_message=sent, seconds=seconds, last=True)
            work.write(stf_workflows.complete_stages, stage)
            work.write(stf_files.advance, (ready.filename, "processed"))

    def handle_end_run(self, message: Message, work: Work) -> None:  # noqa: ARG002
        """A run has ended; what is still in work is finished."""
        self.log.info("run %s has ended", message.run_id)


def reconstruct(ready: Stf) -> list[str]:
    """Say which files the reconstruction of an STF makes: put the work itself here."""
    return [f"{ready.base}.reco.root"]


if __name__ == "__main__":
    ProcessingAgent.main()
