"""Predictions that are given a time."""

from swf_console.backend.services.executions.forecast import predict
from swf_console.backend.services.executions.request import RunRequest
from tests.support.command_line import CommandLine
from tests.support.simulation import executing

LOOPING = """
[workflow]
name = "mine"
version = "1.0"
description = "never ends, and no simulated time passes"
"""


def test_predict_slow_run_stopped(console: CommandLine) -> None:
    executing(console.home / "workflows", "while True: yield env.timeout(0)")
    (console.home / "workflows/looping.toml").write_text(LOOPING)
    found = predict(console.settings, RunRequest(configuration="looping"), seconds=0.01)
    assert found.plan.schedule.cut == "stopped: the prediction took too long"
