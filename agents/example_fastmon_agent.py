#!/usr/bin/env python3
"""The fast monitoring agent: takes a sample of TFs from a share of the STFs."""

import hashlib

from _base import EPICTOPIC, Agent, HandlerContext, Message

from swf_console.agent import fastmon_files, stf, stf_workflows
from swf_console.agent.records import NewFastmonFile
from swf_console.agent.stf import Stf

TFS_PER_STF = 1000
TFS_PER_SAMPLE = 150


class FastmonAgent(Agent):
    """stf_ready -> a TF sample of every n-th STF (`stf_sampling_rate`) -> tf_file_registered."""

    agent_type = "fastmon"
    description = "Samples TFs of a share of the STFs for fast monitoring"
    destinations = (EPICTOPIC,)
    counted = "stf_ready"

    def handle_start_run(self, message: Message, context: HandlerContext) -> None:  # noqa: ARG002
        """Log the sampling rate of the run."""
        self.log.info("run %s: sampling %s of its STFs", message.run_id, sampling_rate(message))

    def handle_stf_ready(self, message: Message, context: HandlerContext) -> None:
        """Register and announce the TF sample, if this STF is sampled."""
        ready = stf.ready(message)
        if not stf.is_sampled(ready.sequence, sampling_rate(message)):
            return
        sample = sample_of(ready)
        stf.register(context, ready)
        context.write(fastmon_files.register, sample)
        registered = {
            "msg_type": "tf_file_registered",
            "tf_file_id": fastmon_files.id_of(sample.tf_filename),
            "tf_filename": sample.tf_filename,
            "stf_filename": sample.stf_filename,
            "tf_first": sample.tf_first,
            "tf_last": sample.tf_last,
            "tf_count": sample.tf_count,
            "file_size_bytes": sample.file_size_bytes,
            "status": sample.status,
            "processed_by": context.agent_name,
        }
        sent = context.send(EPICTOPIC, registered, key=sample.tf_filename)
        context.write(
            stf_workflows.complete_stages, ready.stage(context, self.agent_type, output_message=sent)
        )

    def handle_end_run(self, message: Message, context: HandlerContext) -> None:  # noqa: ARG002
        """Log the end of the run."""
        self.log.info("run %s: ended", message.run_id)


def sampling_rate(message: Message) -> float:
    """The share of the STFs to sample; all of them by default."""
    return float(message.parameters.get("stf_sampling_rate", 1.0))


def sample_of(ready: Stf) -> NewFastmonFile:
    """Choose the TFs of an STF's sample; derived from its name, so that a repeated call chooses the same."""
    digest = hashlib.sha256(f"sample of {ready.filename}".encode()).hexdigest()
    first = int(digest[:8], 16) % (TFS_PER_STF - TFS_PER_SAMPLE + 1)
    return NewFastmonFile(
        tf_filename=f"{ready.base}_tf_001.tf",
        stf_filename=ready.filename,
        tf_first=first,
        tf_last=first + TFS_PER_SAMPLE - 1,
        tf_count=TFS_PER_SAMPLE,
        file_size_bytes=ready.size_bytes * TFS_PER_SAMPLE // TFS_PER_STF,
        checksum=digest,
        metadata={"execution_id": ready.source.execution_id, "namespace": ready.source.namespace},
    )


if __name__ == "__main__":
    FastmonAgent.main()
