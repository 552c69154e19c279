"""A simulation without a broker or a database, and workflows written into a folder of the test's own."""

import itertools
import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from swf_console.backend.simulation.clocks import Clock
from swf_console.backend.simulation.execution import ExecutionOutcome, simulate
from swf_console.backend.simulation.ports import ExecutionIdentity, StateChange, StopSignal
from swf_console.backend.simulation.workflow_loader import WorkflowCode, load_workflow

WORKFLOWS = Path(__file__).parents[2] / "workflows"
FOUNDING = Path(__file__).with_name("founding") / "stf_datataking.py.txt"
IDENTITY = ExecutionIdentity("stf_datataking-ada-0001", "test-ns", "STF_Datataking-agent-ada-7")
DAQ: dict[str, Any] = {
    "no_beam_not_ready_delay": 5,
    "broadcast_delay": 1,
    "beam_not_ready_delay": 5,
    "beam_ready_delay": 2,
    "physics_period_count": 1,
    "physics_period_duration": 10,
    "standby_duration": 2,
    "beam_not_ready_end_delay": 5,
    "stf_interval": 2.0,
}
INSTANT: dict[str, Any] = {name: 0 for name in DAQ if name.endswith("_delay")}


class MemoryPorts:
    """Keeps what was sent and recorded; `on_send` may raise, or request a stop."""

    planning = False

    def __init__(
        self, first_run: int = 100010, on_send: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        self.messages: list[dict[str, Any]] = []
        self.destinations: list[str] = []
        self.events: list[StateChange] = []
        self.closing: list[str] = []
        self._numbers = itertools.count(first_run)
        self._on_send = on_send

    def send(self, destination: str, content: dict[str, Any], tick: float, *, closing: bool = False) -> None:
        if self._on_send is not None:
            self._on_send(content)
        self.messages.append(json.loads(json.dumps(content, allow_nan=False)))
        self.destinations.append(destination)
        if closing:
            self.closing.append(content["msg_type"])

    def next_run_number(self) -> int:
        return next(self._numbers)

    def record_state(self, event: StateChange) -> None:
        self.events.append(event)

    @property
    def types(self) -> list[str]:
        return [message["msg_type"] for message in self.messages]

    @property
    def states(self) -> list[tuple[str, str | None, str]]:
        return [(event.state, event.substate, event.event_type) for event in self.events]

    def ticks(self, msg_type: str = "stf_gen") -> list[float]:
        return [one["simulation_tick"] for one in self.messages if one["msg_type"] == msg_type]


def run_daq(
    ports: MemoryPorts,
    *,
    clock: Clock | None = None,
    stop: StopSignal | None = None,
    duration: float | None = None,
    identity: ExecutionIdentity = IDENTITY,
    **parameters: Any,
) -> ExecutionOutcome:
    """Run the shipped workflow with DAQ's values, `parameters` over them."""
    code = load_workflow(WORKFLOWS, "stf_datataking")
    config = {"daq_state_machine": {**DAQ, **parameters}}
    return simulate(code, config, ports, identity=identity, clock=clock, stop=stop, duration=duration)


def workflow(folder: Path, source: str, name: str = "mine") -> WorkflowCode:
    """Write a workflow file and load it."""
    (folder / f"{name}.py").write_text(textwrap.dedent(source))
    return load_workflow(folder, name)


def executing(folder: Path, body: str) -> WorkflowCode:
    """A workflow whose `execute(self, env)` has this body; `self.runner` is the runner."""
    head = """
        class WorkflowExecutor:
            def __init__(self, config, runner, execution_id):
                self.config, self.runner, self.execution_id = config, runner, execution_id

            def send(self, msg_type, **fields):
                self.runner.send_message("/topic/epictopic", {"msg_type": msg_type, **fields})

            def execute(self, env):
    """
    return workflow(folder, textwrap.dedent(head) + textwrap.indent(textwrap.dedent(body).strip(), " " * 8))
