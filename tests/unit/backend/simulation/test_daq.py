"""The shipped workflow: states, cadence, counts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.simulation import INSTANT, MemoryPorts, run_daq

SIX = [
    ("no_beam", "not_ready", "state_change"),
    ("beam", "not_ready", "run_imminent"),
    ("beam", "ready", "state_change"),
    ("run", "physics", "start_run"),
    ("beam", "not_ready", "end_run"),
    ("no_beam", "not_ready", "state_change"),
]
STANDBY = [("run", "standby", "pause_run"), ("run", "physics", "resume_run")]


def test_daq_states_of_one_and_two_periods() -> None:
    one, two = MemoryPorts(), MemoryPorts()
    run_daq(one)
    run_daq(two, physics_period_count=2)
    assert one.states == SIX
    assert two.states == SIX[:4] + STANDBY + SIX[4:]


def test_daq_ten_stfs_thirteen_messages_in_order() -> None:
    ports = MemoryPorts()
    outcome = run_daq(ports, stf_count=10)
    assert ports.types == ["run_imminent", "start_run", *["stf_gen"] * 10, "end_run"]
    assert set(ports.destinations) == {"/topic/epictopic"}
    assert (outcome.status, outcome.reason, outcome.stf_count) == ("completed", "completed", 10)


def test_daq_messages_have_contract_fields() -> None:
    ports = MemoryPorts()
    run_daq(ports, physics_period_count=2, stf_count=2)
    for message in ports.messages:
        assert message["namespace"] == "test-ns"
        assert message["execution_id"] == "stf_datataking-ada-0001"
        assert message["sender"] == "STF_Datataking-agent-ada-7"
        assert message["run_id"] == "100010"
        assert isinstance(message["simulation_tick"], float)
    by_type = {message["msg_type"]: message for message in ports.messages}
    places = {name: (message["state"], message["substate"]) for name, message in by_type.items()}
    assert places == {
        "run_imminent": ("beam", "not_ready"),
        "start_run": ("run", "physics"),
        "stf_gen": ("run", "physics"),
        "pause_run": ("run", "standby"),
        "resume_run": ("run", "physics"),
        "end_run": ("beam", "not_ready"),
    }
    assert (by_type["stf_gen"]["filename"], by_type["stf_gen"]["sequence"]) == ("swf.100010.000002.stf", 2)
    end = by_type["end_run"]
    assert (end["total_stf_files"], end["total_files"], end["reason"]) == (2, 2, "completed")
    assert by_type["pause_run"]["reason"]


def test_daq_stf_interval_start_to_start() -> None:
    ports = MemoryPorts()
    run_daq(ports, stf_count=1000, broadcast_delay=0.7)
    ticks = ports.ticks()
    assert [tick - ticks[0] for tick in ticks] == pytest.approx([2.0 * n for n in range(1000)], abs=1e-9)
    assert ticks[0] == pytest.approx(ports.ticks("start_run")[0] + 0.1 + 0.7)


def test_daq_without_count_period_filled_by_duration() -> None:
    ports = MemoryPorts()
    run_daq(ports, physics_period_count=3)
    assert ports.types.count("stf_gen") == 15
    physics = ports.ticks("start_run")[0] + 1.1
    assert ports.ticks("pause_run")[0] == pytest.approx(physics + 10)


def test_daq_count_zero_means_no_count() -> None:
    ports = MemoryPorts()
    run_daq(ports, stf_count=0)
    assert ports.types.count("stf_gen") == 5


def test_daq_endless_periods_end_at_count() -> None:
    ports = MemoryPorts()
    outcome = run_daq(ports, physics_period_count=0, stf_count=12)
    assert outcome.reason == "completed"
    assert ports.types.count("stf_gen") == 12
    assert ports.types.count("resume_run") == 2


def test_daq_endless_periods_end_at_duration() -> None:
    ports = MemoryPorts()
    outcome = run_daq(ports, physics_period_count=0, duration=3600)
    assert (outcome.status, outcome.reason, outcome.simulated_seconds) == ("completed", "duration", 3600)
    assert ports.messages[-1]["msg_type"] == "end_run"


def stfs_of_each_period(ports: MemoryPorts) -> list[int]:
    counts: list[int] = []
    for msg_type in ports.types:
        if msg_type in ("start_run", "resume_run"):
            counts.append(0)
        elif msg_type == "stf_gen":
            counts[-1] += 1
    return counts


@settings(max_examples=60)
@given(st.integers(1, 60), st.integers(1, 7))
def test_daq_count_spread_over_periods(wanted: int, periods: int) -> None:
    ports = MemoryPorts()
    outcome = run_daq(ports, stf_count=wanted, physics_period_count=periods)
    counts = stfs_of_each_period(ports)
    assert (sum(counts), len(counts)) == (wanted, periods)
    assert max(counts) - min(counts) <= 1
    assert counts == sorted(counts, reverse=True)
    assert outcome.stf_count == ports.messages[-1]["total_stf_files"] == wanted
    assert [one["sequence"] for one in ports.messages if "sequence" in one] == list(range(1, wanted + 1))


@settings(max_examples=60)
@given(
    interval=st.floats(0.01, 5.0),
    delays=st.fixed_dictionaries({name: st.floats(0, 1000) for name in INSTANT}),
    count=st.integers(1, 200),
)
def test_daq_no_rounding_drift(interval: float, delays: dict[str, Any], count: int) -> None:
    ports = MemoryPorts()
    run_daq(ports, stf_interval=interval, stf_count=count, **delays)
    ticks = ports.ticks()
    assert [tick - ticks[0] for tick in ticks] == pytest.approx(
        [n * interval for n in range(count)], rel=1e-12, abs=1e-9
    )


@settings(max_examples=60)
@given(st.integers(1, 400), st.integers(1, 300))
def test_daq_duration_whole_intervals_exact_stfs(tenths: int, count: int) -> None:
    interval = tenths / 10
    ports = MemoryPorts()
    run_daq(ports, stf_interval=interval, physics_period_duration=interval * count)
    assert ports.types.count("stf_gen") == count


@settings(max_examples=40)
@given(st.floats(0.5, 60))
def test_daq_no_event_at_or_after_duration(duration: float) -> None:
    ports = MemoryPorts()
    outcome = run_daq(ports, physics_period_count=3, duration=duration)
    whole = MemoryPorts()
    length = run_daq(whole, physics_period_count=3).simulated_seconds
    assert outcome.simulated_seconds == pytest.approx(min(duration, length))
    before = [one["msg_type"] for one in whole.messages if one["simulation_tick"] < duration]
    closed = [] if not before or before[-1] == "end_run" else ["end_run"]
    assert ports.types == before + closed


@pytest.mark.parametrize(("per_period", "stfs"), [(False, 4), (True, 12)])
def test_stf_count_counts_in_all_or_per_period(per_period: bool, stfs: int) -> None:
    ports = MemoryPorts()
    outcome = run_daq(ports, physics_period_count=3, stf_count=4, stf_count_per_period=per_period)
    assert outcome.stf_count == ports.messages[-1]["total_stf_files"] == stfs


def test_stf_count_per_period_without_an_end_repeats_until_the_duration() -> None:
    ports = MemoryPorts()
    run_daq(ports, physics_period_count=0, stf_count=2, stf_count_per_period=True, duration=60)
    assert ports.types.count("resume_run") > 2
    between = "".join("s" if one == "stf_gen" else "|" for one in ports.types if one != "pause_run")
    assert set(between.split("|")[2:-2]) == {"ss"}
