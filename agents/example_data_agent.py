#!/usr/bin/env python3
"""The data agent: registers runs and STFs, and announces each STF to the other agents."""

from _base import EPICTOPIC, Agent, HandlerContext, Message

from swf_console.agent import runs, stf, stf_workflows


class DataAgent(Agent):
    """stf_gen -> rows of the run, the STF and its processing -> stf_ready; closes the run on end_run."""

    agent_type = "data"
    description = "Registers runs and STFs, and announces each STF"
    destinations = (EPICTOPIC,)
    counted = "stf_gen"

    def handle_run_imminent(self, message: Message, context: HandlerContext) -> None:
        """Register the run."""
        runs.ensure(context.connection, message.run_number, message.time, stf.run_conditions(message))
        self.log.info("run %s: %s", message.run_id, message.msg_type)

    handle_start_run = handle_run_imminent

    def handle_stf_gen(self, message: Message, context: HandlerContext) -> None:
        """Register an STF and announce it."""
        made = stf.generated(message)
        stf.register(context, made)
        ready = {"msg_type": "stf_ready", **made.fields(), "processed_by": context.agent_name}
        sent = context.send(EPICTOPIC, ready, key=made.filename)
        context.write(
            stf_workflows.complete_stages, made.stage(context, self.agent_type, output_message=sent)
        )

    def handle_end_run(self, message: Message, context: HandlerContext) -> None:
        """Close the run."""
        runs.ensure(context.connection, message.run_number, message.time, stf.run_conditions(message))
        if runs.finish(context.connection, message.run_number, message.time):
            self.log.info("run %s: ended", message.run_id)


if __name__ == "__main__":
    DataAgent.main()
