#!/usr/bin/env python3
"""The data agent: registers runs and the STFs that the DAQ makes, and tells the others of each STF."""

from _base import EPICTOPIC, Agent, Message, Work

from swf_console.backend.agent import stf
from swf_console.backend.database import runs, stf_workflows


class DataAgent(Agent):
    """stf_gen -> rows of the run, the STF and its way -> stf_ready; closes the run on end_run."""

    agent_type = "data"
    description = "Registers runs and STFs, and announces each STF"
    destinations = (EPICTOPIC,)
    counted = "stf_gen"

    def handle_run_imminent(self, message: Message, work: Work) -> None:
        """A run is about to begin."""
        runs.ensure(work.connection, message.run_number, message.time, stf.run_conditions(message))
        self.log.info("run %s: %s", message.run_id, message.msg_type)

    handle_start_run = handle_run_imminent

    def handle_stf_gen(self, message: Message, work: Work) -> None:
        """Register an STF and announce it."""
        made = stf.generated(message)
        stf.register(work, made)
        ready = {"msg_type": "stf_ready", **made.fields(), "processed_by": work.agent_name}
        sent = work.send(EPICTOPIC, ready, key=made.filename)
        work.write(stf_workflows.complete_stages, made.stage(work, self.agent_type, output_message=sent))

    def handle_end_run(self, message: Message, work: Work) -> None:
        """Close the run."""
        runs.ensure(work.connection, message.run_number, message.time, stf.run_conditions(message))
        if runs.finish(work.connection, message.run_number, message.time):
            self.log.info("run %s has ended", message.run_id)


if __name__ == "__main__":
    DataAgent.main()
