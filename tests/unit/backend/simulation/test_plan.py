"""The prediction of a run: arithmetic, formula, model and the run itself agree."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_console.backend.core.errors import ExecutionFailed
from swf_console.backend.simulation import backlog_model as backlogs
from swf_console.backend.simulation.backlog_model import (
    ready_ticks,
    sampled,
    starts_by_formula,
    starts_by_model,
)
from swf_console.backend.simulation.capacity import Workload, capacity_of, workload
from swf_console.backend.simulation.plan import Plan, plan_run
from swf_console.backend.simulation.workflow_loader import load_workflow
from tests.support.simulation import DAQ, WORKFLOWS, MemoryPorts, executing, run_daq

FAST: dict[str, Any] = {
    "stf_count": 10,
    "physics_period_count": 1,
    "target_worker_count": 30,
    "stf_sampling_rate": 0.05,
    "slices_per_sample": 15,
    "slice_processing_time": 30,
    "worker_rampup_time": 300,
    "worker_rampdown_time": 60,
}


def planned(duration: float | None = None, **parameters: Any) -> Plan:
    code = load_workflow(WORKFLOWS, "stf_datataking")
    return plan_run(
        code, {"daq_state_machine": DAQ, "fast_processing": {**FAST, **parameters}}, duration=duration
    )


def work(**changes: Any) -> Workload:
    found = workload({**DAQ, **FAST, **changes})
    assert found is not None
    return found


def test_capacity_founding_example() -> None:
    everything = capacity_of(work(stf_sampling_rate=1.0))
    assert (everything.demand, everything.capacity) == (7.5, 1.0)
    assert (everything.utilisation, everything.workers_needed, everything.keeps_up) == (7.5, 225, False)
    assert capacity_of(work()).workers_needed == 12
    assert capacity_of(work()).keeps_up


def test_workload_without_slices_none() -> None:
    assert workload(DAQ) is None


def test_plan_no_workers_never_drains() -> None:
    found = planned(target_worker_count=0, stf_sampling_rate=1.0)
    assert found.capacity is not None
    assert found.backlog is not None
    assert not found.capacity.keeps_up
    assert (found.backlog.drain_seconds, found.backlog.unfinished) == (None, 150)
    assert any("none of the 150 slices will be processed" in one for one in found.warnings)


def test_plan_equals_run() -> None:
    ports = MemoryPorts()
    outcome = run_daq(ports, physics_period_count=2)
    found = planned(stf_count=0, physics_period_count=2)
    assert found.messages_by_type == outcome.messages_by_type
    assert found.schedule.end == outcome.simulated_seconds
    assert list(found.schedule.stf_ticks) == ports.ticks()
    assert [
        (one.state, one.substate, one.msg_type or "state_change") for one in found.schedule.transitions
    ] == ports.states


def test_plan_too_few_workers_warns_with_number() -> None:
    warnings = planned(stf_sampling_rate=1.0).warnings
    assert "30 workers finish 1 of the 7.5 slices created per second; 225 workers would be enough" in warnings
    assert any(
        "143 of 150 slices will be unfinished when worker_rampdown_time ends" in one for one in warnings
    )
    assert any("the last worker is ready at 305 s, after end_run" in one for one in warnings)


def test_plan_enough_workers_no_warning() -> None:
    found = planned(worker_rampup_time=0, stf_count=200)
    assert found.warnings == ()
    assert found.downstream == {"stf_ready": 200, "tf_file_registered": 10, "slice": 150, "slice_result": 150}
    assert found.backlog is not None
    assert (found.backlog.peak, found.backlog.unfinished) == (0, 0)


def test_backlog_founding_grows_and_drains() -> None:
    found = planned(
        stf_sampling_rate=1.0, stf_count=400, worker_rampup_time=0, worker_rampdown_time=0
    ).backlog
    assert found is not None
    assert found.slices == 6000
    assert found.waiting_at_end == pytest.approx(6000 - 800, abs=45)
    assert found.drain_seconds == pytest.approx(found.waiting_at_end, abs=60)
    assert found.points[-1].done == 6000
    assert found.peak >= max(point.waiting for point in found.points)


def test_dry_run_endless_and_huge_runs_stopped() -> None:
    endless = planned(physics_period_count=0, stf_count=0)
    assert endless.schedule.end == 3600
    assert "the run has no end" in endless.warnings[0]
    ended = planned(physics_period_count=0, stf_count=0, duration=60)
    assert not any("has no end" in one for one in ended.warnings)
    huge = planned(stf_count=1_000_000_000, stf_sampling_rate=0.0)
    assert huge.stf_count == 100_000
    assert "stopped after 100,000 STFs" in huge.warnings[0]


def test_plan_failing_workflow_raises(tmp_path: Path) -> None:
    with pytest.raises(ExecutionFailed, match="workflow mine failed: ZeroDivisionError"):
        plan_run(executing(tmp_path, "yield 1 / 0"), {"daq_state_machine": DAQ})


@given(st.integers(0, 500), st.floats(0, 1))
def test_sampled_evenly_spread(stfs: int, rate: float) -> None:
    taken = sampled([float(n) for n in range(stfs)], rate)
    assert len(taken) == math.ceil(stfs * rate - 1e-9)


def test_sampled_five_percent_every_twentieth() -> None:
    assert sampled([float(n) for n in range(1, 101)], 0.05) == [1, 21, 41, 61, 81]


@settings(max_examples=80)
@given(
    gaps=st.lists(st.integers(0, 20), max_size=30),
    per_sample=st.integers(1, 6),
    workers=st.integers(1, 12),
    seconds=st.integers(0, 60),
    rampup=st.integers(0, 100),
    asked=st.integers(0, 50),
)
def test_backlog_formula_equals_model(
    gaps: list[int], per_sample: int, workers: int, seconds: int, rampup: int, asked: int
) -> None:
    arrivals: list[float] = []
    for gap in gaps:
        tick = (arrivals[-1] if arrivals else 0.0) + gap
        arrivals += [tick] * per_sample
    ready = ready_ticks(work(target_worker_count=workers, worker_rampup_time=rampup), asked)
    assert ready[-1] == asked + rampup
    by_model = starts_by_model(arrivals, seconds, ready)
    assert by_model == pytest.approx(starts_by_formula(arrivals, seconds, ready))


def test_backlog_too_many_slices_formula_only(monkeypatch: pytest.MonkeyPatch) -> None:
    both = planned(stf_sampling_rate=1.0, worker_rampup_time=7)
    assert both.backlog is not None
    assert both.modelled is not None
    assert (both.backlog.method, both.modelled.method) == ("formula", "model")
    assert both.backlog.points == both.modelled.points
    assert both.backlog.drain_seconds == both.modelled.drain_seconds
    monkeypatch.setattr(backlogs, "MOST_MODELLED", 10)
    assert planned(stf_sampling_rate=1.0).modelled is None


def test_backlog_workers_ramp_up_evenly() -> None:
    found = planned(stf_sampling_rate=1.0, stf_count=1, target_worker_count=3, slices_per_sample=3)
    assert found.backlog is not None
    assert found.backlog.drain_seconds == pytest.approx(
        5 + 100 + 3 * 30 - found.schedule.tick_of("end_run", 0)
    )
    first = next(point.tick for point in found.backlog.points if point.in_work)
    assert 105 <= first < 110
