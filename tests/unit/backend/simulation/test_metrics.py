"""What is stored of an execution's achievement."""

import json

from swf_console.backend.simulation.clocks import RealtimeClock
from swf_console.backend.simulation.metrics import performance_metrics
from tests.support.simulation import INSTANT, MemoryPorts, run_daq


def test_performance_metrics_complete() -> None:
    outcome = run_daq(MemoryPorts(), stf_count=10, duration=20)
    latency = {"p50": 0.001, "p95": 0.002, "p99": 0.003}
    metrics = performance_metrics(outcome, publish_latency=latency, retries=2, database_seconds=0.5)
    assert (metrics["reason"], metrics["simulated_seconds"], metrics["stf_count"]) == ("duration", 20, 3)
    assert metrics["messages_by_type"] == {"run_imminent": 1, "start_run": 1, "stf_gen": 3, "end_run": 1}
    assert (metrics["messages"], metrics["retries"], metrics["database_seconds"]) == (6, 2, 0.5)
    assert metrics["publish_latency"] == latency
    assert metrics["wall_seconds"] > 0
    assert json.loads(json.dumps(metrics)) == metrics


def test_performance_metrics_lateness_realtime_only() -> None:
    fast = performance_metrics(run_daq(MemoryPorts()))
    paced = performance_metrics(
        run_daq(MemoryPorts(), clock=RealtimeClock(factor=1000), **INSTANT), realtime=True
    )
    assert "lateness" not in fast
    assert paced["lateness"]["events"] > 0
    assert paced["realtime"]
