"""Prediction of a run: schedule, messages, and whether the workers keep up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .backlog_model import Backlog, Method, predict_backlog, sampled
from .capacity import Capacity, Workload, capacity_of, workload
from .dry_run import DRY_RUN_SECONDS, Schedule, dry_run, merged_parameters
from .ports import StopSignal
from .workflow_loader import WorkflowCode


@dataclass(frozen=True, slots=True)
class Plan:
    """The prediction. `downstream` counts the messages of the agents if fast processing is configured.

    `backlog` is by formula, `modelled` the same by SimPy, None if there are too many slices.
    """

    schedule: Schedule
    messages_by_type: dict[str, int]
    downstream: dict[str, int]
    stf_count: int
    capacity: Capacity | None = None
    backlog: Backlog | None = None
    modelled: Backlog | None = None
    warnings: tuple[str, ...] = ()


def plan_run(
    code: WorkflowCode,
    config: Mapping[str, Any],
    *,
    duration: float | None = None,
    stop: StopSignal | None = None,
    seconds: float = DRY_RUN_SECONDS,
) -> Plan:
    """Predict a run of `code` whose constructor gets `config`.

    Needs neither broker nor database. Raises ExecutionFailed if the workflow fails.
    """
    schedule = dry_run(code, config, duration=duration, stop=stop, seconds=seconds)
    work = workload(merged_parameters(config))
    rates = capacity_of(work) if work else None
    backlog = _backlog(schedule, work, "formula") if work else None
    return Plan(
        schedule=schedule,
        messages_by_type=schedule.messages_by_type,
        downstream=_downstream(schedule, work),
        stf_count=len(schedule.stf_ticks),
        capacity=rates,
        backlog=backlog,
        modelled=_backlog(schedule, work, "model") if work else None,
        warnings=tuple(_warnings(schedule, rates, backlog)),
    )


def _backlog(schedule: Schedule, work: Workload, method: Method) -> Backlog | None:
    return predict_backlog(
        schedule.stf_ticks,
        work,
        run_imminent=schedule.tick_of("run_imminent", 0.0),
        end_run=schedule.tick_of("end_run", schedule.end),
        method=method,
    )


def _downstream(schedule: Schedule, work: Workload | None) -> dict[str, int]:
    if work is None:
        return {}
    stfs = len(schedule.stf_ticks)
    samples = len(sampled(schedule.stf_ticks, work.stf_sampling_rate))
    slices = samples * work.slices_per_sample
    return {"stf_ready": stfs, "tf_file_registered": samples, "slice": slices, "slice_result": slices}


def _warnings(schedule: Schedule, rates: Capacity | None, backlog: Backlog | None) -> list[str]:
    warnings = [f"prediction incomplete: {schedule.cut}"] if schedule.cut else []
    if rates is None or backlog is None:
        return warnings
    if not rates.keeps_up:
        warnings.append(
            f"{rates.workers} workers finish {rates.capacity:.3g} of the {rates.demand:.3g} slices created "
            f"per second; {rates.workers_needed} workers would be enough"
        )
    if backlog.drain_seconds is None:
        warnings.append(f"target_worker_count is 0: none of the {backlog.slices:,} slices will be processed")
    elif backlog.unfinished:
        warnings.append(
            f"{backlog.unfinished:,} of {backlog.slices:,} slices will be unfinished when "
            f"worker_rampdown_time ends; workers stay until they are done, "
            f"{backlog.drain_seconds:g} s after end_run"
        )
    if backlog.slices and backlog.workers_ready > schedule.tick_of("end_run", schedule.end):
        warnings.append(
            f"the last worker is ready at {backlog.workers_ready:g} s, after end_run: "
            "reduce worker_rampup_time or extend the run"
        )
    return warnings
