"""A dry run: the workflow itself, simulated without a broker and without a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..core.errors import ExecutionFailed
from .execution import ExecutionOutcome, simulate
from .ports import ExecutionIdentity, StateChange, StopSignal
from .workflow_loader import WorkflowCode

LONGEST_SECONDS = 3600.0
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
    transitions: list[Transition] = field(default_factory=list)
    stf_ticks: list[float] = field(default_factory=list)
    messages: int = 0

    def send(self, destination: str, content: dict[str, Any], tick: float, *, closing: bool = False) -> None:  # noqa: ARG002
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
) -> Schedule:
    """Simulate the workflow as fast as possible and return its schedule.

    A run without an end is stopped after an hour of simulated time, any run after 100,000 STFs.
    Raises ExecutionFailed if the workflow fails.
    """
    stop = stop or StopSignal()
    ports = _RecordingPorts(stop)
    identity = ExecutionIdentity(f"{code.name}-dry-run", "dry-run", "dry-run")
    limit = duration or (LONGEST_SECONDS if _is_endless(config) else None)
    outcome = simulate(code, config, ports, identity=identity, stop=stop, duration=limit)
    if outcome.status == "failed":
        raise ExecutionFailed(f"workflow {code.name} failed: {outcome.error_message}")
    return Schedule(
        transitions=tuple(ports.transitions),
        stf_ticks=tuple(ports.stf_ticks),
        messages_by_type=outcome.messages_by_type,
        end=outcome.simulated_seconds,
        cut=_cut(outcome, duration),
    )


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
