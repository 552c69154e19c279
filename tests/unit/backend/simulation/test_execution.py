"""How an execution ends, and that its run is always closed, once."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from swf_console.backend.core.errors import BrokerUnreachable
from swf_console.backend.simulation.clocks import Clock, FastClock, RealtimeClock
from swf_console.backend.simulation.dry_run import dry_run
from swf_console.backend.simulation.execution import ExecutionOutcome, executor_config, simulate
from swf_console.backend.simulation.ports import ExecutionIdentity, SendAborted, StopSignal
from swf_console.backend.simulation.workflow_loader import WorkflowCode, load_workflow
from tests.support.simulation import (
    DAQ,
    FOUNDING,
    IDENTITY,
    INSTANT,
    MemoryPorts,
    executing,
    run_daq,
    workflow,
)


def run(code: WorkflowCode, ports: MemoryPorts | None = None, **options: Any) -> ExecutionOutcome:
    config = options.pop("config", {"daq_state_machine": DAQ})
    return simulate(code, config, ports or MemoryPorts(), identity=IDENTITY, **options)


def in_thread(target: Callable[[], ExecutionOutcome]) -> Callable[[], tuple[ExecutionOutcome, float]]:
    """Start `target`; the answer waits for its outcome and the moment it came."""
    done: list[tuple[ExecutionOutcome, float]] = []
    thread = threading.Thread(target=lambda: done.append((target(), time.monotonic())))
    thread.start()

    def answer() -> tuple[ExecutionOutcome, float]:
        thread.join(10)
        return done[0]

    return answer


@pytest.mark.parametrize("clock", [FastClock, RealtimeClock])
def test_simulate_stop_within_50_ms(clock: Callable[[], Clock]) -> None:
    assert min(seconds_to_stop(clock()) for _ in range(3)) < 0.05


def seconds_to_stop(clock: Clock) -> float:
    """Stop a run that waits half a simulated minute for its next STF, and check how it ended."""
    running, stop = threading.Event(), StopSignal()
    ports = MemoryPorts(on_send=lambda _: running.set())
    endless: dict[str, Any] = {**INSTANT, "physics_period_count": 0, "stf_interval": 30.0}
    answer = in_thread(lambda: run_daq(ports, clock=clock, stop=stop, **endless))
    assert running.wait(10)
    asked = time.monotonic()
    stop.request("SIGTERM")
    outcome, ended = answer()
    assert (outcome.status, outcome.reason, outcome.stop_reason) == ("terminated", "stopped", "SIGTERM")
    assert ports.types.count("end_run") == 1
    assert ports.messages[-1]["reason"] == "stopped"
    assert ports.closing == ["end_run"]
    return ended - asked


def test_simulate_stop_before_start_sends_nothing() -> None:
    stop, ports = StopSignal(), MemoryPorts()
    stop.request()
    outcome = run_daq(ports, stop=stop)
    assert (outcome.status, ports.messages) == ("terminated", [])


def test_simulate_stop_with_error_fails() -> None:
    stop = StopSignal()
    ports = MemoryPorts(on_send=lambda _: stop.request("outage", error="no broker for 300 s"))
    outcome = run_daq(ports, stop=stop)
    assert (outcome.status, outcome.error_message) == ("failed", "no broker for 300 s")
    assert ports.messages[-1]["reason"] == "failed"


def test_simulate_aborted_send_is_a_stop_despite_except(
    tmp_path: Path,
) -> None:
    code = executing(
        tmp_path,
        """
        self.send("run_imminent")
        while True:
            try:
                self.send("stf_gen")
            except Exception:
                self.runner.logger.error("swallowed")
            yield env.timeout(0)
        """,
    )
    stop = StopSignal()

    def blocked(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stf_gen":
            stop.request("stop_workflow")
            raise SendAborted

    ports = MemoryPorts(on_send=blocked)
    outcome = run(code, ports, stop=stop)
    assert (outcome.status, outcome.stop_reason) == ("terminated", "stop_workflow")
    assert ports.types == ["run_imminent", "end_run"]


def test_simulate_zero_delay_loop_stoppable(tmp_path: Path) -> None:
    code = executing(tmp_path, "while True: yield env.timeout(0)")
    stop = StopSignal()
    answer = in_thread(lambda: run(code, stop=stop))
    stop.request()
    assert answer()[0].status == "terminated"


def test_simulate_duration_completes_with_reason() -> None:
    ports = MemoryPorts()
    outcome = run_daq(ports, duration=18.2)
    assert (outcome.status, outcome.reason) == ("completed", "duration")
    end = ports.messages[-1]
    assert (end["msg_type"], end["reason"], end["total_stf_files"]) == ("end_run", "duration", 2)
    assert end["simulation_tick"] == 18.2
    assert ports.events[-1].event_type == "end_run"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "yield env.timeout(1); raise ValueError('no beam today')",
            "ValueError: no beam today (mine.py, line 10)",
        ),
        ("yield env.timeout(-1)", "delay -1 is not a finite number of seconds, 0 or more (mine.py, line 10)"),
        ("yield 5", 'Invalid yield value "5"'),
        ("yield env.event()", "waits for an event that is never triggered"),
        ("return None", "execute() of mine returned NoneType, not a generator. Write it as a generator"),
        ("import sys; yield sys.exit(3)", "the workflow called sys.exit(3)"),
        ("yield env.timeout(self.config['nothing'])", "KeyError: 'nothing'"),
        (
            "yield self.runner.send_message('epictopic', {'msg_type': 'x'})",
            "destination 'epictopic' does not start with",
        ),
        (
            "yield self.runner.send_message('/topic/', {'msg_type': 'x'})",
            "does not start with /topic/ or /queue/",
        ),
        (
            "yield self.runner.send_message(['/topic/x'], {'msg_type': 'x'})",
            "does not start with /topic/ or /queue/",
        ),
        ("yield self.runner.send_message('/topic/x', 'hello')", "must be a dict, not str"),
        ("yield self.runner.send_message('/topic/x', {})", "has no msg_type"),
        ("yield self.send('x', when={1, 2})", "message x: field 'when' is not JSON: Object of type set"),
        ("yield self.send('x', when=float('nan'))", "message x: field 'when' is not JSON"),
    ],
)
def test_simulate_workflow_error_one_line(tmp_path: Path, body: str, message: str) -> None:
    outcome = run(executing(tmp_path, body))
    assert (outcome.status, outcome.reason) == ("failed", "failed")
    assert message in (outcome.error_message or "")
    assert "\n" not in (outcome.error_message or "")
    assert outcome.stack_trace


def test_simulate_failure_sends_end_run(tmp_path: Path) -> None:
    ports = MemoryPorts()
    code = executing(tmp_path, "self.send('run_imminent'); yield env.timeout(3); self.send('stf_gen'); 1 / 0")
    outcome = run(code, ports)
    assert outcome.status == "failed"
    assert "1 / 0" in (outcome.stack_trace or "")
    assert (ports.types[-1], ports.messages[-1]["reason"]) == ("end_run", "failed")
    assert ports.messages[-1]["total_stf_files"] == 1


def test_simulate_failure_in_background_process_fails(tmp_path: Path) -> None:
    body = """
        def background():
            yield env.timeout(1)
            raise LookupError("gone")
        env.process(background())
        yield env.timeout(5)
        """
    outcome = run(executing(tmp_path, body))
    assert (outcome.status, outcome.simulated_seconds) == ("failed", 1)
    assert "LookupError: gone" in (outcome.error_message or "")


def test_simulate_ends_with_workflow_generator(tmp_path: Path) -> None:
    body = """
        def forever():
            while True:
                yield env.timeout(1)
        env.process(forever())
        yield env.timeout(5)
        """
    assert run(executing(tmp_path, body)).simulated_seconds == 5


def test_simulate_constructor_error_has_trace(tmp_path: Path) -> None:
    source = """
        class WorkflowExecutor:
            def __init__(self, config, runner, execution_id):
                raise RuntimeError("not today")

            def execute(self, env):
                yield
        """
    outcome = run(workflow(tmp_path, source))
    assert (outcome.status, outcome.error_message) == ("failed", "RuntimeError: not today (mine.py, line 4)")
    assert 'raise RuntimeError("not today")' in (outcome.stack_trace or "")


def test_simulate_async_execute_refused(tmp_path: Path) -> None:
    source = """
        class WorkflowExecutor:
            def __init__(self, config, runner, execution_id): ...
            async def execute(self, env): ...
        """
    assert "returned coroutine" in (run(workflow(tmp_path, source)).error_message or "")


def test_simulate_keyboard_interrupt_terminates(tmp_path: Path) -> None:
    ports = MemoryPorts()
    outcome = run(
        executing(tmp_path, "self.send('run_imminent'); yield env.timeout(1); raise KeyboardInterrupt"), ports
    )
    assert (outcome.status, outcome.stop_reason) == ("terminated", "interrupted")
    assert ports.types == ["run_imminent", "end_run"]


def test_simulate_generator_close_end_run_has_reason(tmp_path: Path) -> None:
    body = """
        self.send("run_imminent")
        try:
            while True:
                yield env.timeout(1)
        finally:
            self.send("end_run", reason="completed")
        """
    ports = MemoryPorts()
    run(executing(tmp_path, body), ports, duration=10)
    assert ports.types == ["run_imminent", "end_run"]
    assert ports.messages[-1]["reason"] == "duration"


def test_simulate_generator_close_error_ignored(tmp_path: Path) -> None:
    body = """
        self.send("run_imminent")
        while True:
            try:
                yield env.timeout(1)
            except GeneratorExit:
                yield env.timeout(1)
        """
    ports = MemoryPorts()
    outcome = run(executing(tmp_path, body), ports, duration=10)
    assert (outcome.status, ports.types) == ("completed", ["run_imminent", "end_run"])


def test_runner_second_end_run_not_sent(tmp_path: Path) -> None:
    body = """
        for run in range(2):
            self.runner.next_run_number()
            self.send("run_imminent")
            self.send("stf_gen")
            self.send("end_run")
            self.send("end_run")
            yield env.timeout(1)
        """
    ports = MemoryPorts()
    run(executing(tmp_path, body), ports)
    assert ports.types == ["run_imminent", "stf_gen", "end_run"] * 2
    assert [one["run_id"] for one in ports.messages] == ["100010"] * 3 + ["100011"] * 3
    assert [one["total_stf_files"] for one in ports.messages if one["msg_type"] == "end_run"] == [1, 1]


def test_runner_identity_fields_fixed(tmp_path: Path) -> None:
    ports = MemoryPorts()
    claims = "namespace='theirs', sender='them', execution_id='other', run_id=4, simulation_tick=1.5"
    body = f"yield env.timeout(7); self.send('x', {claims})"
    run(executing(tmp_path, body), ports)
    message = ports.messages[0]
    assert (message["namespace"], message["sender"]) == (IDENTITY.namespace, IDENTITY.sender)
    assert message["execution_id"] == IDENTITY.execution_id
    assert (message["run_id"], message["simulation_tick"]) == ("4", 1.5)


def test_simulate_lost_broker_fails_run_not_closed() -> None:
    def lost(message: dict[str, Any]) -> None:
        if message["msg_type"] != "run_imminent":
            raise BrokerUnreachable("the broker was away for 300 s", "Is it running?")

    outcome = run_daq(MemoryPorts(on_send=lost))
    assert outcome.status == "failed"
    assert outcome.error_message == (
        "the broker was away for 300 s. Is it running?; "
        "end_run could not be sent: the broker was away for 300 s. Is it running?"
    )


def test_simulate_end_run_not_sent_fails(tmp_path: Path) -> None:
    def lost(message: dict[str, Any]) -> None:
        if message["msg_type"] == "end_run":
            raise BrokerUnreachable("gone")

    outcome = run(
        executing(tmp_path, "yield self.send('run_imminent') or env.timeout(1)"), MemoryPorts(on_send=lost)
    )
    assert (outcome.status, outcome.reason) == ("failed", "failed")


def test_simulate_configuration_copied(tmp_path: Path) -> None:
    config = {"daq_state_machine": {"list": [1]}}
    body = "self.config['daq_state_machine']['list'].append(2); yield env.timeout(1)"
    run(executing(tmp_path, body), config=config)
    assert config == {"daq_state_machine": {"list": [1]}}


def test_executor_config_any_merge_same_values() -> None:
    sections: dict[str, dict[str, Any]] = {
        "daq_state_machine": {"stf_interval": 2.0},
        "fast_processing": {"stf_count": 10, "own": 1},
    }
    config = executor_config(sections, {"stf_interval": 1.5, "stf_count": 20, "own": 1})
    assert config == {
        "daq_state_machine": {"stf_interval": 1.5, "stf_count": 20, "own": 1},
        "fast_processing": {"stf_count": 20, "own": 1},
    }


def test_simulate_founding_code_runs(tmp_path: Path) -> None:
    ports = MemoryPorts()
    outcome = run(workflow(tmp_path, FOUNDING.read_text(), "stf_datataking"), ports, config=founding_config())
    assert (outcome.status, outcome.error_message) == ("completed", None)
    states = ["run_imminent", "start_run", "pause_run", "resume_run", "end_run"]
    assert [name for name in ports.types if name != "stf_gen"] == states
    assert ports.types.count("stf_gen") == outcome.stf_count == 10
    assert {message["run_id"] for message in ports.messages} == {"100010"}
    assert (ports.messages[-1]["total_files"], ports.messages[-1]["reason"]) == (10, "completed")
    assert [event.event_type for event in ports.events] == states
    assert (ports.events[-1].state, ports.events[-1].substate) == ("beam", "not_ready")


def founding_config() -> dict[str, Any]:
    return {"daq_state_machine": DAQ, "fast_processing": {"physics_period_count": 2}}


def test_api_session_unknown_address_refused(tmp_path: Path) -> None:
    outcome = run(executing(tmp_path, "yield self.runner.api_session.post('http://monitor/api/stf-files/')"))
    assert "api_session supports only /api/state/next-run-number/" in (outcome.error_message or "")


def test_simulate_two_executions_isolated(tmp_path: Path) -> None:
    source = "seen = []\n" + FOUNDING.read_text().replace(
        "self.stf_sequence += 1", "self.stf_sequence += 1; seen.append(1); self.runner.seen = seen"
    )
    (tmp_path / "shared.py").write_text(source)
    ports = [MemoryPorts(100010), MemoryPorts(200020)]
    identities = [
        ExecutionIdentity("shared-ada-0001", "ns-one", "one"),
        ExecutionIdentity("shared-bob-0002", "ns-two", "two"),
    ]
    stops = [StopSignal(), StopSignal()]

    def start(n: int) -> Callable[[], tuple[ExecutionOutcome, float]]:
        code = load_workflow(tmp_path, "shared")
        config = {
            "daq_state_machine": {**DAQ, **INSTANT, "stf_interval": 0.001, "physics_period_duration": 2}
        }
        clock = RealtimeClock(factor=2)
        return in_thread(
            lambda: simulate(code, config, ports[n], identity=identities[n], clock=clock, stop=stops[n])
        )

    answers = [start(0), start(1)]
    stops[1].request()
    outcomes = [answer()[0] for answer in answers]
    assert [outcome.status for outcome in outcomes] == ["completed", "terminated"]
    for port, identity, run_id in zip(ports, identities, ("100010", "200020"), strict=True):
        assert {message["execution_id"] for message in port.messages} <= {identity.execution_id}
        assert {message["run_id"] for message in port.messages} <= {run_id}
    assert ports[0].messages[-1]["total_stf_files"] == outcomes[0].stf_count > 0


def test_runner_initialize_state_records_the_first_state(tmp_path: Path) -> None:
    code = executing(
        tmp_path,
        """
        from swf_common_lib.api_utils import get_next_run_number

        run_id = get_next_run_number(self.runner.monitor_url, self.runner.api_session, self.runner.logger)
        assert self.runner.initialize_state(run_id, self.execution_id, self.config)
        yield env.timeout(1)
        """,
    )
    ports = MemoryPorts()
    assert run(code, ports).status == "completed"
    assert ports.states == [("no_beam", "not_ready", "state_change")]


def test_workflow_globals_before_the_first_event_are_those_of_the_existing_runner(tmp_path: Path) -> None:
    code = workflow(
        tmp_path,
        """
        config = "the file's own"

        class WorkflowExecutor:
            def __init__(self, given, runner, execution_id):
                assert (runner, execution_id) == (globals()["runner"], globals()["execution_id"])
                assert config == "the file's own"

            def execute(self, env):
                assert globals()["env"] is env
                yield env.timeout(1)
        """,
    )
    assert [run(code).error_message for _ in range(2)] == [None, None]


def test_runner_unknown_attribute_names_what_is_available(tmp_path: Path) -> None:
    outcome = run(executing(tmp_path, "yield self.runner.publish('x')"))
    assert outcome.error_message is not None
    assert "runner.publish is not available; the runner has send_message, " in outcome.error_message


def test_runner_planning_is_true_in_a_dry_run_only(tmp_path: Path) -> None:
    code = executing(tmp_path, "self.send(f'planning_{self.runner.planning}'.lower())\nyield env.timeout(1)")
    ports = MemoryPorts()
    run(code, ports)
    assert ports.types == ["planning_false"]
    assert list(dry_run(code, {"daq_state_machine": DAQ}).messages_by_type) == ["planning_true"]
