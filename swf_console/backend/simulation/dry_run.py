"""A dry run: the workflow itself, simulated without a broker and without a database."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..core.errors import ExecutionFailed
from .execution import ExecutionOutcome, Simulation
from .ports import ExecutionClosed, ExecutionIdentity, StateChange, StopSignal
from .workflow_loader import WorkflowCode
from .workflow_thread import BoundedThread, WorkflowStuck

LONGEST_SECONDS = 3600.0
DRY_RUN_SECONDS = 20.0
POLL_SECONDS = 0.05
MOST_STFS = 100_000
MOST_MESSAGES = 10 * MOST_STFS


@dataclass(frozen=True, slots=True)
class Transition:
    """The DAQ enters a state at a simulated second; `msg_type` announces it, or nothing does."""

    tick: float
    state: str
    substate: str | None
    msg_type: str | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The events of a run in simulated seconds. `cut` says why the schedule is incomplete."""

    transitions: tuple[Transition, ...]
    stf_ticks: tuple[float, ...]
    messages_by_type: dict[str, int]
    end: float
    cut: str | None = None

    def tick_of(self, msg_type: str, default: float) -> float:
        """The tick of the first message of this type."""
        return next((one.tick for one in self.transitions if one.msg_type == msg_type), default)


@dataclass
class _RecordingPorts:
    """Ports without a broker and a database that collect a schedule."""

    planning: ClassVar[bool] = True
    stop: StopSignal
    closed: bool = False
    transitions: list[Transition] = field(default_factory=list)
    stf_ticks: list[float] = field(default_factory=list)
    messages: int = 0

    def send(self, destination: str, content: dict[str, Any], tick: float, *, closing: bool = False) -> None:  # noqa: ARG002
        if self.closed:
            raise ExecutionClosed("the dry run was abandoned")
        self.messages += 1
        if content["msg_type"] == "stf_gen":
            self.stf_ticks.append(tick)
        if len(self.stf_ticks) >= MOST_STFS or self.messages >= MOST_MESSAGES:
            self.stop.request(f"stopped after {len(self.stf_ticks):,} STFs")

    def next_run_number(self) -> int:
        return 1

    def record_state(self, event: StateChange) -> None:
        announced = event.event_data.get("msg_type")
        tick = event.event_data["simulation_tick"]
        self.transitions.append(Transition(tick, event.state, event.substate, announced))


def dry_run(
    code: WorkflowCode,
    config: Mapping[str, Any],
    *,
    duration: float | None = None,
    stop: StopSignal | None = None,
    seconds: float = DRY_RUN_SECONDS,
) -> Schedule:
    """Simulate the workflow as fast as possible and return its schedule.

    A run without an end is stopped after an hour of simulated time, any run after 100,000 STFs or `seconds`
    of wall time. Raises ExecutionFailed if the workflow fails or does not yield after that.
    """
    stop = stop or StopSignal()
    ports = _RecordingPorts(stop)
    identity = ExecutionIdentity(f"{code.name}-dry-run", "dry-run", "dry-run")
    limit = duration or (LONGEST_SECONDS if _is_endless(config) else None)
    simulation = Simulation(code, config, ports, identity=identity, stop=stop, duration=limit)
    outcome = _bounded(simulation, ports, seconds)
    if simulation.section.interrupted and outcome.error_message:
        raise ExecutionFailed(f"workflow {code.name} {outcome.error_message}")
    if outcome.status == "failed":
        raise ExecutionFailed(f"workflow {code.name} failed: {outcome.error_message}")
    return Schedule(
        transitions=tuple(ports.transitions),
        stf_ticks=tuple(ports.stf_ticks),
        messages_by_type=outcome.messages_by_type,
        end=outcome.simulated_seconds,
        cut=_cut(outcome, duration),
    )


def _bounded(simulation: Simulation, ports: _RecordingPorts, seconds: float) -> ExecutionOutcome:
    """Run the simulation in a thread; the end is requested after `seconds`, or by its stop signal."""
    stop, name = simulation.stop, simulation.code.name
    thread = BoundedThread(simulation.run, simulation.section, f"dry run of {name}")
    deadline = time.monotonic() + seconds
    try:
        while not (thread.done.wait(POLL_SECONDS) or stop.is_set or time.monotonic() > deadline):
            pass
        if not thread.done.is_set():
            stop.request("stopped: the prediction took too long")
            thread.end()
    except WorkflowStuck:
        ports.closed = True
        return simulation.abandon(run_open=False)
    finally:
        stop.request("interrupted")  # also when this thread was interrupted: the result is not needed then
    return thread.result()


def _is_endless(config: Mapping[str, Any]) -> bool:
    daq = merged_parameters(config)
    counted = daq.get("stf_count") and not daq.get("stf_count_per_period")
    return daq.get("physics_period_count") == 0 and not counted


def merged_parameters(config: Mapping[str, Any]) -> dict[str, Any]:
    """`daq_state_machine` with every other section merged over it, as workflows do."""
    parameters = dict(config.get("daq_state_machine", {}))
    for name, section in config.items():
        if name != "daq_state_machine" and isinstance(section, Mapping):
            parameters.update(section)
    return parameters


def _cut(outcome: ExecutionOutcome, duration: float | None) -> str | None:
    if outcome.status == "terminated":
        return outcome.stop_reason
    if outcome.reason == "duration" and not duration:
        return f"stopped after {LONGEST_SECONDS:,.0f} simulated seconds: the run has no end"
    return None
