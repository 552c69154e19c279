"""The DAQ of one run, simulated: eight states, five state messages, and the STFs in between.

What happens downstream is decided by the configuration and by the agents that hear the messages.
Copy this file for a workflow of your own: a class WorkflowExecutor with these arguments, and a
generator execute(env) that yields SimPy events. The runner adds to every message what all of them
carry (execution, run, namespace, sender, timestamp, simulation tick).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simpy import Environment, Event, Timeout

    from swf_console.workflow import Runner

TOPIC = "/topic/epictopic"
BROADCAST_TIME = 0.1  # simulated seconds that sending a state message takes


class WorkflowExecutor:
    """Takes the DAQ from no beam through the physics periods and back to no beam."""

    def __init__(self, config: dict[str, dict[str, Any]], runner: Runner, execution_id: str) -> None:
        self.config = config
        self.runner = runner
        self.execution_id = execution_id
        self.run_id = ""
        self.stf_sequence = 0
        self.daq = dict(config["daq_state_machine"])
        for name, section in config.items():
            if name != "daq_state_machine":
                self.daq.update(section)

    def execute(self, env: Environment) -> Generator[Event, Any, None]:
        """Simulate one run; every delay is in simulated seconds."""
        daq = self.daq
        self.run_id = str(self.runner.next_run_number())

        self.runner.record_state("no_beam", "not_ready")
        yield env.timeout(daq["no_beam_not_ready_delay"])

        yield self.broadcast(env, "run_imminent", "beam", "not_ready")
        yield env.timeout(daq["beam_not_ready_delay"])

        self.runner.record_state("beam", "ready")
        yield env.timeout(daq["beam_ready_delay"])

        for period, (stf_count, seconds) in enumerate(self.physics_periods()):
            if period == 0:
                yield self.broadcast(env, "start_run", "run", "physics")
            else:
                yield self.broadcast(env, "pause_run", "run", "standby", reason="standby")
                yield env.timeout(daq["standby_duration"])
                yield self.broadcast(env, "resume_run", "run", "physics")

            start = env.now
            for n in range(stf_count):
                # Due at start + n intervals, not one interval after the last: nothing adds up to a drift.
                yield env.timeout(max(0.0, start + n * daq["stf_interval"] - env.now))
                self.send_stf()
            yield env.timeout(max(0.0, start + seconds - env.now))

        totals = {"total_stf_files": self.stf_sequence, "total_files": self.stf_sequence}
        yield self.broadcast(env, "end_run", "beam", "not_ready", reason="completed", **totals)
        yield env.timeout(daq["beam_not_ready_end_delay"])

        self.runner.record_state("no_beam", "not_ready")

    def physics_periods(self) -> Iterator[tuple[int, float]]:
        """Say how many STFs each physics period has and how many seconds it lasts.

        stf_count is distributed evenly, the first periods taking one more of the remainder, and a
        period then lasts as long as its STFs; with stf_count_per_period each period has stf_count STFs.
        Without stf_count (or with 0) each period lasts physics_period_duration. A physics_period_count of 0
        repeats such periods until the execution is stopped, or until stf_count is reached.
        """
        periods, wanted = self.daq["physics_period_count"], self.daq.get("stf_count") or 0
        interval, duration = self.daq["stf_interval"], self.daq["physics_period_duration"]
        fitting = max(0, math.ceil(duration / interval - 1e-9))
        if wanted and self.daq.get("stf_count_per_period"):
            for _ in range(periods) if periods else itertools.count():
                yield wanted, wanted * interval
        elif periods and wanted:
            share, left_over = divmod(wanted, periods)
            for period in range(periods):
                stf_count = share + (period < left_over)
                yield stf_count, stf_count * interval
        elif wanted:
            while wanted > fitting:
                yield fitting, duration
                wanted -= fitting
            yield wanted, wanted * interval
        else:
            period = 0
            while period < periods or periods == 0:
                yield fitting, duration
                period += 1

    def broadcast(self, env: Environment, msg_type: str, state: str, substate: str, **fields: Any) -> Timeout:
        """Tell the agents that the DAQ entered a state; the event to wait for until they can have heard."""
        message = {"msg_type": msg_type, "state": state, "substate": substate, **fields}
        self.runner.send_message(TOPIC, message)
        return env.timeout(BROADCAST_TIME + self.daq["broadcast_delay"])

    def send_stf(self) -> None:
        """Announce the next STF."""
        self.stf_sequence += 1
        message = {
            "msg_type": "stf_gen",
            "filename": f"swf.{self.run_id}.{self.stf_sequence:06d}.stf",
            "sequence": self.stf_sequence,
            "state": "run",
            "substate": "physics",
        }
        self.runner.send_message(TOPIC, message)
