"""Workflow code that does not yield: interrupted, then abandoned, in simulation, dry run and loading."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.core.errors import ExecutionFailed, WorkflowFileError
from swf_console.backend.simulation import workflow_thread
from swf_console.backend.simulation.dry_run import dry_run
from swf_console.backend.simulation.execution import Simulation
from swf_console.backend.simulation.ports import ExecutionClosed, StopSignal
from swf_console.backend.simulation.workflow_loader import load_workflow
from swf_console.backend.simulation.workflow_thread import (
    BoundedThread,
    WorkflowCodeSection,
    WorkflowInterrupted,
    WorkflowStuck,
    abandoned_threads,
)
from tests.support.simulation import IDENTITY, MemoryPorts, executing, workflow
from tests.support.waiting import wait_for

LOOP = "while True:\n    pass"
ABANDON_SECONDS = 0.4


@pytest.fixture(autouse=True)
def short_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_thread, "INTERRUPT_SECONDS", 0.2)
    monkeypatch.setattr(workflow_thread, "ABANDON_SECONDS", ABANDON_SECONDS)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a stuck thread waits for; opened after the test, so that the thread ends."""
    event = threading.Event()
    yield event
    event.set()
    wait_for(lambda: not abandoned_threads())


def test_section_interrupt_raises_in_entered_code_only() -> None:
    section, inside = WorkflowCodeSection(Path(__file__)), threading.Event()
    caught: list[str] = []

    def run() -> None:
        try:
            with section.entered():
                inside.set()
                while True:
                    pass
        except WorkflowInterrupted:
            caught.append("inside")

    assert not section.interrupt()
    thread = threading.Thread(target=run)
    thread.start()
    inside.wait()
    assert section.interrupt()
    thread.join()
    assert caught == ["inside"]
    assert section.interrupted_at.startswith("test_workflow_thread.py:")
    assert not section.interrupt()


def test_bounded_thread_returns_result_and_error() -> None:
    section = WorkflowCodeSection(Path(__file__))
    thread = BoundedThread(lambda: 7, section, "seven")
    thread.end()
    assert thread.result() == 7
    failing = BoundedThread(lambda: int("seven"), section, "fails")
    failing.end()
    with pytest.raises(ValueError, match="seven"):
        failing.result()


def test_bounded_thread_stuck_in_a_call_is_abandoned_with_location(gate: threading.Event) -> None:
    section = WorkflowCodeSection(Path(__file__))

    def stuck() -> None:
        with section.entered():
            gate.wait()

    thread = BoundedThread(stuck, section, "stuck")
    with pytest.raises(WorkflowStuck, match=r"^test_workflow_thread\.py:\d+$"):
        thread.end()
    assert len(abandoned_threads()) == 1


def test_simulation_interrupt_ends_loop_with_end_run_and_location(tmp_path: Path) -> None:
    code = executing(tmp_path, f"self.send('run_imminent')\nyield env.timeout(1)\n{LOOP}")
    stop, ports = StopSignal(), MemoryPorts()
    simulation = Simulation(code, {}, ports, identity=IDENTITY, stop=stop)
    thread = BoundedThread(simulation.run, simulation.section, "run")
    wait_for(lambda: ports.types == ["run_imminent"])
    stop.request("SIGTERM")
    thread.end()
    outcome = thread.result()
    assert (outcome.status, outcome.reason, outcome.stop_reason) == ("terminated", "stopped", "SIGTERM")
    assert "did not yield for 5 s after the stop request: interrupted at mine.py:" in str(
        outcome.error_message
    )
    assert "mine.py" in str(outcome.stack_trace)
    assert ports.types == ["run_imminent", "end_run"]


class ClosingPorts(MemoryPorts):
    """Ports that can be closed as those of an execution."""

    closed_for: threading.Thread | None = None

    def send(self, *arguments: object, **more: object) -> None:
        if threading.current_thread() is self.closed_for:
            raise ExecutionClosed("abandoned")
        super().send(*arguments, **more)  # type: ignore[arg-type]


def test_simulation_abandon_sends_one_end_run_and_refuses_the_workflow(
    tmp_path: Path, gate: threading.Event
) -> None:
    source = (
        "self.send('run_imminent')\nself.config['gate'].wait()\nself.send('stf_gen')\nyield env.timeout(1)"
    )
    code = executing(tmp_path, source)
    stop, ports = StopSignal(), ClosingPorts()
    simulation = Simulation(code, {}, ports, identity=IDENTITY, stop=stop)
    simulation._config["gate"] = gate
    thread = threading.Thread(target=simulation.run)
    thread.start()
    wait_for(lambda: ports.types == ["run_imminent"])
    stop.request("outage", error="broker away")
    ports.closed_for = thread
    outcome = simulation.abandon(run_open=True)
    assert outcome.status == "failed"
    assert str(outcome.error_message).startswith("broker away; did not yield for 10 s")
    assert "abandoned at mine.py:11" in str(outcome.error_message)
    gate.set()
    thread.join()
    assert ports.types == ["run_imminent", "end_run"]


@pytest.mark.parametrize("body", [LOOP, f"yield env.timeout(1)\n{LOOP}"])
def test_dry_run_loop_is_interrupted_with_location(tmp_path: Path, body: str) -> None:
    code = executing(tmp_path, f"{body}\nyield env.timeout(1)")
    with pytest.raises(ExecutionFailed, match=r"did not yield for .* interrupted at mine\.py:\d+"):
        dry_run(code, {}, seconds=0.05)


def test_dry_run_stuck_in_a_call_is_abandoned(tmp_path: Path) -> None:
    code = executing(tmp_path, "import time; time.sleep(1)\nyield env.timeout(1)")
    with pytest.raises(ExecutionFailed, match=r"did not yield for .* abandoned at mine\.py:10"):
        dry_run(code, {}, seconds=0.05)
    wait_for(lambda: not abandoned_threads())


def test_load_workflow_loop_is_interrupted_with_location(tmp_path: Path) -> None:
    with pytest.raises(WorkflowFileError, match=r"mine\.py:[12]: loading did not end within 5 s\. Move"):
        workflow(tmp_path, LOOP)


def test_load_workflow_stuck_does_not_block_the_next(tmp_path: Path) -> None:
    with pytest.raises(WorkflowFileError, match=r"loading did not end within 10 s: abandoned at mine\.py:2"):
        workflow(tmp_path, "import time\ntime.sleep(1)")
    workflow(tmp_path, "class WorkflowExecutor:\n    execute = print", "other")
    assert load_workflow(tmp_path, "other").name == "other"
    wait_for(lambda: not abandoned_threads())


@pytest.mark.parametrize("delay", ["float('nan')", "float('inf')", "-1", "'5'", "None", "[1]"])
def test_environment_invalid_delay_refused_in_its_line(tmp_path: Path, delay: str) -> None:
    code = executing(tmp_path, f"yield env.timeout(1)\nyield env.timeout({delay})")
    outcome = Simulation(code, {}, MemoryPorts(), identity=IDENTITY).run()
    assert outcome.status == "failed"
    assert "is not a finite number of seconds, 0 or more (mine.py, line 11)" in str(outcome.error_message)


@pytest.mark.parametrize("text", ["caf\udce9", "a\0b", "x" * 5_000_000])
def test_simulation_error_text_is_storable(tmp_path: Path, text: str) -> None:
    code = executing(tmp_path, "raise RuntimeError(self.config['text'])\nyield env.timeout(1)")
    outcome = Simulation(code, {"text": text}, MemoryPorts(), identity=IDENTITY).run()
    for stored in (outcome.error_message, outcome.stack_trace):
        assert stored is not None
        assert "\0" not in stored
        assert len(stored.encode()) < 200_000
    assert str(outcome.error_message).startswith("RuntimeError: ")


def test_simulation_error_whose_text_raises_still_fails(tmp_path: Path) -> None:
    body = """
    class Odd(Exception):
        def __str__(self):
            raise ValueError("no text")
    raise Odd
    yield
    """
    outcome = Simulation(executing(tmp_path, body), {}, MemoryPorts(), identity=IDENTITY).run()
    assert outcome.status == "failed"
    assert str(outcome.error_message).startswith("Odd (its text cannot be read)")
