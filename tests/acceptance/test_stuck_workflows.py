"""Workflows that do not yield end when they are told to: within 15 s, with one status and one end_run."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ..support.independent_client import EPICTOPIC
from ..support.processes.foreground import ForegroundProcess
from ..support.processes.site import Row, Site, report_of
from ..support.waiting import wait_for

BOUND_SECONDS = 15.0
# what the interpreter and a busy machine add to the bound
MARGIN_SECONDS = 10.0
STUCK = """
import ctypes, threading, time

class WorkflowExecutor:
    def __init__(self, config, runner, execution_id):
        self.how, self.runner = config["stuck"]["how"], runner

    def execute(self, env):
        self.runner.send_message("/topic/epictopic", {"msg_type": "run_imminent"})
        yield env.timeout(1)
        if self.how == "loop":
            while True:
                pass
        if self.how == "lock":
            held = threading.Lock()
            held.acquire()
            held.acquire()
        if self.how == "interpreter lock":
            time.sleep(2)  # until the first message is recorded
            ctypes.PyDLL(None).sleep(1000)
        if self.how == "thread":
            threading.Thread(target=time.sleep, args=(1000,)).start()
"""
CONFIGURATION = '[workflow]\nname = "stuck"\nversion = "1.0"\n[stuck]\nhow = "loop"\n'


@pytest.fixture
def stuck_site(embedded_site: Site) -> Site:
    """A home with a workflow that does not yield, and its broker up."""
    workflows = embedded_site.home / "workflows"
    (workflows / "stuck.py").write_text(STUCK)
    (workflows / "stuck_default.toml").write_text(CONFIGURATION)
    embedded_site.broker.start()
    return embedded_site


def start(site: Site, how: str, *arguments: str) -> ForegroundProcess:
    """A headless run that is stuck, or will be in a moment."""
    process = site.start("--run", "stuck", "--json", "--set", f"stuck.how={how}", *arguments)
    site.wait_messages(1)
    return process


def ended(site: Site, process: ForegroundProcess, since: float) -> Row:
    done = process.wait(BOUND_SECONDS + MARGIN_SECONDS)
    assert time.monotonic() - since < BOUND_SECONDS + MARGIN_SECONDS
    report = report_of(done)
    assert "Traceback" not in done.stderr
    return check(site, report["execution_id"]) | {"exit": done.returncode}


def check(site: Site, execution_id: str) -> Row:
    """It has one status, and its agents had one end_run, after everything else."""
    execution = site.execution(execution_id)
    recorded = [row for row in site.messages(execution_id) if row["queue_name"] == EPICTOPIC]
    sent = [row["message_type"] for row in recorded]
    assert sent == ["run_imminent", "end_run"]
    return execution


def twice(number: signal.Signals) -> Callable[[ForegroundProcess], None]:
    def send(process: ForegroundProcess) -> None:
        process.send(number)
        process.send(number)

    return send


def test_run_timeout_interrupts_a_loop(stuck_site: Site) -> None:
    since = time.monotonic()
    execution = ended(stuck_site, start(stuck_site, "loop", "--timeout", "2"), since)
    assert (execution["status"], execution["exit"]) == ("terminated", 4)
    assert (
        "did not yield for 5 s after the stop request: interrupted at stuck.py:" in execution["error_message"]
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_signal_twice_abandons_a_lock(stuck_site: Site, number: signal.Signals) -> None:
    process = start(stuck_site, "lock")
    since = time.monotonic()
    twice(number)(process)
    execution = ended(stuck_site, process, since)
    assert (execution["status"], execution["exit"]) == ("terminated", 130)
    assert "abandoned at stuck.py:17" in execution["error_message"]
    assert "stuck.py" in execution["stack_trace"]


def test_run_interpreter_lock_held_is_killed_by_the_watchdog(stuck_site: Site) -> None:
    process = start(stuck_site, "interpreter lock", "--timeout", "5")
    assert process.wait(2 * BOUND_SECONDS + MARGIN_SECONDS).returncode == -signal.SIGKILL
    (execution,) = stuck_site.executions()
    execution = stuck_site.wait_status(execution["execution_id"], "failed")
    assert "was killed: a call held its interpreter lock" in execution["error_message"]
    wait_for(lambda: len(stuck_site.messages(execution["execution_id"])) == 2)
    check(stuck_site, execution["execution_id"])


def test_run_thread_of_a_workflow_does_not_keep_the_process(stuck_site: Site) -> None:
    done = start(stuck_site, "thread").wait(30)
    assert (done.returncode, report_of(done)["status"]) == (0, "completed")


def test_executions_stop_abandons_one_of_two_in_a_runner(stuck_site: Site) -> None:
    runner = stuck_site.start("runner")
    runner.wait_for("serves namespace")

    def send(*arguments: str) -> str:
        sent = stuck_site.run("control", "run", "--json", *arguments)
        assert sent.returncode == 0, sent
        return str(report_of(sent)["execution_id"])

    other = send("--workflow", "stf_datataking", "--realtime", "--stf-interval", "0.5", "--stf-count", "1000")
    stuck = send("--workflow", "stuck", "--set", "stuck.how=lock")
    stopped = stuck_site.run("executions", "stop", stuck, "--json")
    assert stopped.returncode == 0, stopped
    assert check(stuck_site, stuck)["status"] == "terminated"
    assert stuck_site.execution(other)["status"] == "running"
    runner.send(signal.SIGTERM)
    runner.send(signal.SIGTERM)
    assert runner.wait(30).returncode == 0
    assert stuck_site.execution(other)["status"] == "terminated"


def test_plan_loop_fails_with_its_line(stuck_site: Site) -> None:
    source = stuck_site.home / "workflows" / "stuck.py"
    source.write_text("while True:\n    pass\n")
    done = stuck_site.run("plan", "stuck_default")
    assert done.returncode == 2
    assert "stuck.py:1: loading did not end within 5 s" in done.stderr.replace("stuck.py:2", "stuck.py:1")


def test_plan_ctrl_c_ends_a_stuck_workflow(stuck_site: Site, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    source = stuck_site.home / "workflows" / "stuck.py"
    source.write_text(f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep(1000)\n")
    process = stuck_site.start("plan", "stuck_default")
    wait_for(marker.exists, timeout=30)
    process.send(signal.SIGINT)
    assert process.wait(5).returncode == 130
