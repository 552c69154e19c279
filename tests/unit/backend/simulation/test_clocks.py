"""Realtime is paced by the wall clock: on time, without drift, and catching up."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.simulation.clocks import FastClock, Lateness, RealtimeClock
from tests.support.simulation import INSTANT, MemoryPorts, run_daq

SLOW: dict[str, Any] = {**INSTANT, "stf_interval": 1.0}
FIFTY_HERTZ: dict[str, Any] = {**INSTANT, "stf_interval": 0.02}


def test_realtime_clock_50_hertz_on_time() -> None:
    outcome = run_daq(MemoryPorts(), clock=RealtimeClock(), stf_count=60, **FIFTY_HERTZ)
    assert outcome.lateness is not None
    assert outcome.lateness.events > 60
    assert outcome.lateness.p99 < 0.25
    assert outcome.lateness.p50 < 0.02
    assert outcome.wall_seconds == pytest.approx(outcome.simulated_seconds, abs=0.25)


def test_realtime_clock_waiting_uses_no_cpu() -> None:
    before = time.process_time()
    run_daq(MemoryPorts(), clock=RealtimeClock(), stf_count=1, **SLOW)
    assert time.process_time() - before < 0.2


def test_realtime_clock_slow_send_catches_up() -> None:
    arrived: list[float] = []

    def slow_once(message: dict[str, Any]) -> None:
        arrived.append(time.monotonic())
        while len(arrived) == 5 and time.monotonic() - arrived[-1] < 0.1:
            pass

    outcome = run_daq(MemoryPorts(on_send=slow_once), clock=RealtimeClock(), stf_count=30, **FIFTY_HERTZ)
    assert outcome.lateness is not None
    assert outcome.lateness.max > 0.05
    assert outcome.lateness.last < outcome.lateness.max
    assert arrived[-1] - arrived[1] == pytest.approx(0.1 + 30 * 0.02, abs=0.25)


def test_realtime_clock_factor_speeds_up() -> None:
    outcome = run_daq(MemoryPorts(), clock=RealtimeClock(factor=100))
    assert outcome.wall_seconds == pytest.approx(outcome.simulated_seconds / 100, abs=0.25)


def test_realtime_clock_waits_for_duration() -> None:
    outcome = run_daq(MemoryPorts(), clock=RealtimeClock(), duration=0.3)
    assert outcome.wall_seconds == pytest.approx(0.3, abs=0.25)


@pytest.mark.parametrize("factor", [0, -1])
def test_realtime_clock_factor_zero_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="factor of a clock"):
        RealtimeClock(factor)


def test_fast_clock_has_no_lateness() -> None:
    assert run_daq(MemoryPorts(), clock=FastClock()).lateness is None


@given(st.lists(st.floats(0, 1e4), min_size=1))
def test_lateness_percentiles_within_nine_percent(seconds: list[float]) -> None:
    lateness = Lateness()
    for one in seconds:
        lateness.add(one)
    summary = lateness.summary()
    ordered = sorted(seconds)
    median = ordered[(len(ordered) + 1) // 2 - 1]
    assert summary.max == max(seconds)
    assert median <= summary.p50 * 1.0001 + 1e-6
    assert summary.p50 <= max(median * 1.091, 1e-6)


def test_lateness_without_events_zero() -> None:
    assert Lateness().summary().p99 == 0.0
