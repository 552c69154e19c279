"""The simulation of one execution, from the workflow's constructor to its `end_run`."""

import copy
import time
import traceback
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from simpy.core import EmptySchedule
from simpy.events import URGENT, Event

from ..core.errors import ExecutionFailed, SwfError
from ..core.sanitize import storable
from .clocks import Clock, FastClock, LatenessSummary
from .ports import ExecutionClosed, ExecutionIdentity, Reason, SendAborted, SimulationPorts, StopSignal
from .runner import Runner
from .simpy_environment import CheckedEnvironment
from .workflow_loader import WorkflowCode
from .workflow_thread import (
    ABANDON_SECONDS,
    INTERRUPT_SECONDS,
    WorkflowCodeSection,
    WorkflowInterrupted,
)

Status = Literal["completed", "failed", "terminated"]

# texts of a workflow may have any size: what is stored, listed and sent in events stays readable
LONGEST_MESSAGE = 4_000
LONGEST_TRACE = 100_000


@dataclass(frozen=True, slots=True)
class ExecutionOutcome:
    """How an execution ended. `stop_reason` is that of the stop request."""

    status: Status
    reason: Reason
    stop_reason: str | None = None
    error_message: str | None = None
    stack_trace: str | None = None
    simulated_seconds: float = 0.0
    wall_seconds: float = 0.0
    stf_count: int = 0
    run_number: int | None = None
    messages_by_type: dict[str, int] = field(default_factory=dict)
    lateness: LatenessSummary | None = None


class _WorkflowEnded(Exception):
    """The workflow's generator has returned."""


class _DurationReached(Exception):
    """The requested number of simulated seconds is reached."""


def executor_config(
    sections: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The configuration for a workflow's constructor: the sections with their effective values.

    `daq_state_machine` holds all of `parameters`, so a workflow that merges the other sections over it, as
    existing workflows do, gets the same values.
    """
    config = {"daq_state_machine": dict(parameters)}
    for name, section in sections.items():
        if name != "daq_state_machine":
            config[name] = {key: parameters.get(key, value) for key, value in section.items()}
    return config


def simulate(
    code: WorkflowCode,
    config: Mapping[str, Any],
    ports: SimulationPorts,
    *,
    identity: ExecutionIdentity,
    clock: Clock | None = None,
    stop: StopSignal | None = None,
    duration: float | None = None,
    monitor_url: str = "",
) -> ExecutionOutcome:
    """Run a workflow to its end, to a stop, or to `duration` simulated seconds (none or 0: no limit).

    Events at exactly `duration` no longer happen. What the workflow or a port raises becomes a `failed`
    outcome, never an exception. Every way out sends `end_run` where `run_imminent` was sent.
    A stop takes effect between two events; for code that does not yield see Simulation.
    """
    return Simulation(
        code,
        config,
        ports,
        identity=identity,
        clock=clock,
        stop=stop,
        duration=duration,
        monitor_url=monitor_url,
    ).run()


class Simulation:
    """One simulation: run() in one thread, interrupt() and abandon() in another if it does not yield."""

    def __init__(
        self,
        code: WorkflowCode,
        config: Mapping[str, Any],
        ports: SimulationPorts,
        *,
        identity: ExecutionIdentity,
        clock: Clock | None = None,
        stop: StopSignal | None = None,
        duration: float | None = None,
        monitor_url: str = "",
    ) -> None:
        self.code, self.section = code, WorkflowCodeSection(code.path)
        self.clock, self.stop = clock or FastClock(), stop or StopSignal()
        self.env = CheckedEnvironment()
        self.runner = Runner(self.env, ports, identity, monitor_url=monitor_url)
        self.generator: Generator[Event, Any, Any] | None = None
        self._config, self._duration = copy.deepcopy(dict(config)), duration
        self._started = time.monotonic()

    def run(self) -> ExecutionOutcome:
        """Simulate to the end; never raises."""
        self._started = time.monotonic()
        return self._completed(self._close(self._simulate()))

    def abandon(self, *, run_open: bool) -> ExecutionOutcome:
        """The outcome of a run() that does not return; sends `end_run` if the run is open.

        The ports must refuse the workflow's own calls by then.
        """
        where = self.section.location()
        said = f"did not yield for {ABANDON_SECONDS:g} s after the stop request: abandoned at {where}"
        outcome = self._stopped_in_code(said, self.section.trace())
        self.runner.begin_closing(outcome.reason)
        try:
            self.runner.abandon(run_open=run_open)
        except BaseException as error:  # noqa: BLE001 - a lost broker or database
            outcome = _not_closed(outcome, error)
        return self._completed(outcome)

    def _completed(self, outcome: ExecutionOutcome) -> ExecutionOutcome:
        runner = self.runner
        return replace(
            outcome,
            error_message=storable(outcome.error_message, LONGEST_MESSAGE),
            stack_trace=storable(outcome.stack_trace, LONGEST_TRACE),
            simulated_seconds=float(self.env.now),
            wall_seconds=time.monotonic() - self._started,
            stf_count=runner.stf_count,
            run_number=runner.run_number,
            messages_by_type=dict(runner.messages_by_type),
            lateness=self.clock.lateness(),
        )

    def _simulate(self) -> ExecutionOutcome:
        """Construct the workflow and step it; every exception becomes an outcome."""
        try:
            with self.section.entered():
                self._start(self._config)
                if self._duration:
                    self._end_at(self._duration)
                self.clock.run(self.env, self.stop)
        except _WorkflowEnded:
            return ExecutionOutcome("completed", "completed")
        except _DurationReached:
            return ExecutionOutcome("completed", "duration")
        except EmptySchedule:
            return _failure("the workflow waits for an event that is never triggered")
        except BaseException as error:  # noqa: BLE001 - workflow code raises whatever it likes
            return self._raised(error)
        return self._stopped()

    def _close(self, outcome: ExecutionOutcome) -> ExecutionOutcome:
        """Close the generator and the run; an execution whose run cannot be closed has failed."""
        self.runner.begin_closing(outcome.reason)
        try:
            if self.generator is not None:
                with self.section.entered():
                    self.generator.close()
        except BaseException as error:  # noqa: BLE001 - as above
            self.runner.logger.warning(
                "%s: the generator raised an exception when it was closed: %s",
                self.code.name,
                _one_line(error),
            )
        try:
            self.runner.close()
        except ExecutionClosed:
            return outcome  # another process or thread has sent the end_run
        except BaseException as error:  # noqa: BLE001 - a lost broker or database
            return _not_closed(outcome, error)
        return outcome

    def _start(self, config: dict[str, Any]) -> None:
        execution_id = self.runner.execution_id
        # workflow files of the existing testbed also find these as globals
        self.code.set_globals(env=self.env, config=config, runner=self.runner, execution_id=execution_id)
        executor = self.code.executor_class(config, self.runner, execution_id)
        generator = executor.execute(self.env)
        if not isinstance(generator, Generator):
            if hasattr(generator, "close"):
                generator.close()
            raise ExecutionFailed(
                f"execute() of {self.code.name} returned {type(generator).__name__}, not a generator",
                "Write it as a generator that yields SimPy events",
            )
        self.generator = generator
        self.env.process(generator).callbacks = [_ended]

    def _end_at(self, duration: float) -> None:
        """Schedule the end before every other event of that time, as SimPy's own `until` does."""
        end = Event(self.env)
        end._ok, end._value = True, None
        end.callbacks = [_duration_reached]
        self.env.schedule(end, URGENT, duration)

    def _stopped(self) -> ExecutionOutcome:
        if not self.section.interrupted:
            return self._stop_outcome()
        where = self.section.interrupted_at
        said = f"did not yield for {INTERRUPT_SECONDS:g} s after the stop request: interrupted at {where}"
        return self._stopped_in_code(said, self.section.interrupted_trace)

    def _stop_outcome(self) -> ExecutionOutcome:
        if self.stop.error:
            return replace(_failure(self.stop.error), stop_reason=self.stop.reason)
        return ExecutionOutcome("terminated", "stopped", stop_reason=self.stop.reason or "stopped")

    def _stopped_in_code(self, said: str, trace: str) -> ExecutionOutcome:
        outcome = self._stop_outcome()
        message = f"{outcome.error_message}; {said}" if outcome.error_message else said
        return replace(outcome, error_message=message, stack_trace=trace)

    def _raised(self, error: BaseException) -> ExecutionOutcome:
        chain = _chain(error)
        if any(isinstance(one, WorkflowInterrupted) for one in chain):
            return self._stopped()
        if any(isinstance(one, SendAborted) for one in chain) or isinstance(chain[-1], KeyboardInterrupt):
            self.stop.request("interrupted")
            return self._stopped()
        return _failure(_one_line(chain[-1], self.code.path.name), _trace(error))


def _ended(process: Event) -> None:
    """Callback of the workflow's process: raises the original exception, not SimPy's copy of it."""
    process.defused = True
    if not process.ok and isinstance(process.value, BaseException):
        raise process.value
    raise _WorkflowEnded


def _duration_reached(_event: Event) -> None:
    raise _DurationReached


def _failure(message: str, trace: str | None = None) -> ExecutionOutcome:
    return ExecutionOutcome("failed", "failed", error_message=message, stack_trace=trace or message)


def _not_closed(outcome: ExecutionOutcome, error: BaseException) -> ExecutionOutcome:
    message = f"end_run could not be sent: {_one_line(error)}"
    if outcome.status == "completed":
        return _failure(message, _trace(error))
    earlier = f"{outcome.error_message}; " if outcome.error_message else ""
    return replace(outcome, error_message=earlier + message)


def _chain(error: BaseException) -> list[BaseException]:
    """An exception and its causes; SimPy adds a copy for each process that waited for the failed one."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and type(cause) is type(error):
        chain.append(cause)
    return chain


def _one_line(error: BaseException, filename: str | None = None) -> str:
    try:
        text = _text_of(error)
    except Exception:  # noqa: BLE001 - __str__ and __repr__ are the workflow's code too
        text = f"{type(error).__name__} (its text cannot be read)"
    if isinstance(error, SwfError) and not isinstance(error, ExecutionFailed):
        return text
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if filename]
    inside = [frame for frame in frames if frame.filename.endswith(f"/{filename}")]
    return f"{text} ({filename}, line {inside[-1].lineno})" if inside else text


def _text_of(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"the workflow called sys.exit({error.code!r})"
    if isinstance(error, SwfError):
        return str(error)
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1]}" if lines else type(error).__name__


def _trace(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - as in _one_line
        return f"the trace of {type(error).__name__} cannot be formatted"
