#!/usr/bin/env python3
"""The fast monitoring agent: takes a sample of TFs from a share of the STFs."""

import hashlib

from _base import EPICTOPIC, Agent, Message, Work

from swf_console.backend.agent import stf
from swf_console.backend.agent.stf import Stf
from swf_console.backend.database import fastmon_files, stf_workflows
from swf_console.backend.database.processing_records import NewFastmonFile

TFS_PER_STF = 1000
TFS_PER_SAMPLE = 150


class FastmonAgent(Agent):
    """stf_ready -> a TF sample of every n-th STF (`stf_sampling_rate`) -> tf_file_registered."""

    agent_type = "fastmon"
    description = "Samples TFs of a share of the STFs for fast monitoring"
    destinations = (EPICTOPIC,)
    counted = "stf_ready"

    def handle_start_run(self, message: Message, work: Work) -> None:  # noqa: ARG002
        """A run begins."""
        self.log.info("run %s: sampling %s of its STFs", message.run_id, sampling_rate(message))

    def handle_stf_ready(self, message: Message, work: Work) -> None:
        """Register and announce the TF sample of an STF that is to be sampled."""
        ready = stf.ready(message)
        if not stf.is_sampled(ready.sequence, sampling_rate(message)):
            return
        sample = sample_of(ready)
        stf.register(work, ready)
        work.write(fastmon_files.register, sample)
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
            "processed_by": work.agent_name,
        }
        sent = work.send(EPICTOPIC, registered, key=sample.tf_filename)
        work.write(stf_workflows.complete_stages, ready.stage(work, self.agent_type, output_message=sent))

    def handle_end_run(self, message: Message, work: Work) -> None:  # noqa: ARG002
        """A run has ended."""
        self.log.info("run %s has ended", message.run_id)


def sampling_rate(message: Message) -> float:
    """The share of the STFs to sample; all of them where the execution does not say."""
    return float(message.parameters.get("stf_sampling_rate", 1.0))


def sample_of(ready: Stf) -> NewFastmonFile:
    """Choose the TFs of an STF's sample, by its name: whoever chooses again chooses the same."""
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
