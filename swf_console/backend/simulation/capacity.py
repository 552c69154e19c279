"""Capacity of the workers: slices created per second against slices finished per second."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Workload:
    """The parameters of the capacity; times in seconds, ramp-up and ramp-down of the workers."""

    stf_interval: float
    stf_sampling_rate: float
    slices_per_sample: int
    slice_processing_time: float
    workers: int
    rampup_time: float = 0.0
    rampdown_time: float = 0.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """Rates during physics, in slices per second; `workers_needed` would just keep up."""

    stf_rate: float
    demand: float
    capacity: float
    utilisation: float
    workers: int
    workers_needed: int

    @property
    def keeps_up(self) -> bool:
        """Whether the backlog does not grow during physics."""
        return self.workers >= self.workers_needed


def workload(parameters: Mapping[str, Any]) -> Workload | None:
    """The workload in the parameters; None if they do not describe slices and workers.

    Without a sampling rate every STF is sampled.
    """
    try:
        return Workload(
            stf_interval=float(parameters["stf_interval"]),
            stf_sampling_rate=float(parameters.get("stf_sampling_rate", 1.0)),
            slices_per_sample=int(parameters["slices_per_sample"]),
            slice_processing_time=float(parameters["slice_processing_time"]),
            workers=int(parameters["target_worker_count"]),
            rampup_time=float(parameters.get("worker_rampup_time", 0.0)),
            rampdown_time=float(parameters.get("worker_rampdown_time", 0.0)),
        )
    except KeyError:
        return None


def capacity_of(work: Workload) -> Capacity:
    """The arithmetic of keeping up.

    30 workers at 30 s a slice finish 1 slice/s together. 0.5 STF/s with 15 slices each makes 7.5 slices/s,
    which takes 225 workers; with 5 % of the STFs sampled it takes 12.
    """
    stf_rate = 1.0 / work.stf_interval
    demand = stf_rate * work.stf_sampling_rate * work.slices_per_sample
    load = demand * work.slice_processing_time
    finished = work.workers / work.slice_processing_time if work.slice_processing_time else math.inf
    return Capacity(
        stf_rate=stf_rate,
        demand=demand,
        capacity=finished,
        utilisation=load / work.workers if work.workers else math.inf,
        workers=work.workers,
        workers_needed=math.ceil(load - 1e-9),
    )
