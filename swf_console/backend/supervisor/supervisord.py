"""supervisord over XML-RPC: the real Supervisor of a home."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any
from xmlrpc.client import Fault

from ..core.files import FileLock
from . import daemon, pidfiles, programs
from .base import (
    EVERYTHING,
    START_SECONDS,
    STOP_SECONDS,
    Changes,
    Daemon,
    DaemonState,
    Effect,
    Explanation,
    Orphan,
    ProcessOutcome,
    ProcessState,
    ProcessStatus,
    Program,
)
from .explain import explain, known_signal, select
from .launcher import clear_refusal, read_refusal
from .paths import SupervisorPaths, find_paths, remember_state_dir
from .program_environment import write_environment
from .programs import reread
from .rpc import (
    ALREADY_STARTED,
    CALL_SECONDS,
    NOT_RUNNING,
    SHUTDOWN_STATE,
    NoAnswer,
    foreign,
    multicall,
    read_processes,
)
from .stop_order import in_stop_order

POLL_SECONDS = 0.05
UP = (ProcessState.STARTING, ProcessState.RUNNING)
UNSETTLED = (ProcessState.STARTING, ProcessState.BACKOFF)


class Supervisord:
    """The supervisord of one home and state directory; the constructor starts nothing.

    `environment` is for the programs, from the next `ensure_running` on; `default_state_dir` is the state
    directory without any variable set; `call_timeout` is for one request to supervisord, in seconds.
    """

    def __init__(
        self,
        home: Path,
        state_dir: Path,
        environment: Mapping[str, str],
        *,
        default_state_dir: Path | None = None,
        call_timeout: float = CALL_SECONDS,
    ) -> None:
        self.paths: SupervisorPaths = find_paths(home, state_dir)
        self._environment = dict(environment)
        self._default_state_dir = default_state_dir or state_dir
        self._timeout = call_timeout

    def probe(self) -> Daemon:
        """The state of supervisord; never raises."""
        return daemon.probe(self.paths, self._timeout)

    def ensure_running(self) -> Daemon:
        """Start supervisord if it is not running; it continues after this process."""
        write_environment(self.paths, self._environment)
        remember_state_dir(self.paths, self._default_state_dir)
        return daemon.ensure_running(self.paths, self._environment)

    def shutdown(self, timeout: float = STOP_SECONDS) -> None:
        """Stop every process, then supervisord itself; TimedOut if that takes longer."""
        # the configuration of an older home has priorities that stop the broker too early
        self.stop([EVERYTHING], timeout)
        daemon.shutdown(self.paths, timeout)

    def processes(self) -> tuple[ProcessStatus, ...]:
        """Every process, by group and name. One whose start the launcher refused is FATAL."""
        return tuple(self._with_refusal(one) for one in self._supervised())

    def _with_refusal(self, one: ProcessStatus) -> ProcessStatus:
        refusal = self.refusal(one)
        if refusal is None:
            return one
        # whatever supervisord makes of it: STARTING and RUNNING while the launcher ends, STOPPED afterwards
        return replace(one, state=ProcessState.FATAL, pid=None, exit_status=None, spawn_error=refusal.text)

    def _supervised(self) -> tuple[ProcessStatus, ...]:
        """Every process as supervisord reports it."""
        _, (infos,) = daemon.ask(self.paths, "supervisor.getAllProcessInfo", timeout=self._timeout)
        if isinstance(infos, Fault):
            raise foreign(self.paths.socket, infos.faultString)
        return read_processes(infos)

    def start(
        self, names: Sequence[str], timeout: float = START_SECONDS, *, settle: bool = True
    ) -> tuple[ProcessOutcome, ...]:
        """Start what is not running; orphans of these processes are ended first."""
        chosen = {one.process for one in self._fresh_attempt(names)}
        outlived = [one for one in self.orphans() if one.process in chosen]
        replaced = {one.process: one.pid for one in pidfiles.terminate(outlived, STOP_SECONDS)}
        return _start(self, names, timeout, settle=settle, replaced=replaced)

    def stop(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[ProcessOutcome, ...]:
        """Stop what is running, clients before services; `timeout` applies to each step."""
        chosen = select(self.processes(), names)
        outcomes: dict[str, ProcessOutcome] = {}
        late: list[str] = []
        for group in in_stop_order(chosen, lambda one: one.group):
            stopped = _keep(group, late) if late else _stop(self, [one.name for one in group], timeout)
            outcomes |= {one.status.name: one for one in stopped}
            late += [one.status.name for one in stopped if not one.ok]
        return tuple(outcomes[one.name] for one in chosen)

    def restart(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[ProcessOutcome, ...]:
        """Stop what is running, clients before services, then start all, services first."""
        chosen = select(self.processes(), names)
        stopped = {one.status.name: one for one in self.stop(names, timeout)}
        started: dict[str, ProcessOutcome] = {}
        for group in reversed(in_stop_order(chosen, lambda one: one.group)):
            outcomes = self.start([one.name for one in group], timeout)
            started |= {one.status.name: one for one in outcomes}
        return _restarted(stopped, [started[one.name] for one in chosen])

    def signal(self, names: Sequence[str], signal_name: str) -> tuple[ProcessOutcome, ...]:
        """Send a signal (`HUP`, `USR1`) to what is running."""
        return _signal(self, names, signal_name)

    def reread(self) -> Changes:
        """Read the configuration again and apply it."""
        with FileLock(self.paths.directory / "reread.lock"):
            return reread(self.calls, self.processes)

    def declare(self, wanted: Sequence[Program]) -> Changes:
        """Add or change programs; the others stay. Applied immediately if supervisord is running."""
        return self._apply(programs.declare(self.paths, wanted))

    def forget(self, names: Sequence[str]) -> Changes:
        """Remove declared programs, stopping them."""
        return self._apply(programs.forget(self.paths, names))

    def set_environment(self, environment: Mapping[str, str]) -> None:
        """Set the environment of every program from its next start on."""
        self._environment = dict(environment)
        write_environment(self.paths, self._environment)

    def orphans(self) -> tuple[Orphan, ...]:
        """Processes that outlived their supervisord."""
        try:
            supervised = {one.pid for one in self.processes() if one.pid}
        except NoAnswer as error:
            if not error.state.startable:
                raise
            supervised = set()
        return pidfiles.find_orphans(self.paths.directory, supervised)

    def end_orphans(self, timeout: float = STOP_SECONDS) -> tuple[Orphan, ...]:
        """SIGTERM to every orphan, clients before services, then SIGKILL; returns those that have ended."""
        groups = in_stop_order(self.orphans(), lambda one: one.process)
        return tuple(one for group in groups for one in pidfiles.terminate(group, timeout))

    def explain(self, status: ProcessStatus) -> Explanation:
        """The state in words, with advice and the last line of the process's log."""
        living = {one.process: one.pid for one in pidfiles.living_processes(self.paths.directory)}
        pid = living.get(status.process)
        return explain(status, self.paths.directory, orphan=pid if pid != status.pid else None)

    def refusal(self, status: ProcessStatus) -> Explanation | None:
        """Why the launcher refused the last start, if it did."""
        return read_refusal(self.paths.directory, status.process)

    def calls(self, calls: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """Several XML-RPC calls in one request; a refusal is a Fault in its place."""
        answers = multicall(self.paths.socket, calls, self._timeout)
        if any(isinstance(one, Fault) and one.faultCode == SHUTDOWN_STATE for one in answers):
            self.processes()
        return answers

    def _fresh_attempt(self, names: Sequence[str]) -> list[ProcessStatus]:
        """The processes to start: those that have ended, and those that supervisord keeps retrying.

        The latter are stopped first: a process in BACKOFF would otherwise wait for its next attempt.
        """
        chosen = select(self._supervised(), names)
        stuck = [one for one in chosen if one.state in UNSETTLED and (one.pid is None or self.refusal(one))]
        self.calls([("supervisor.stopProcess", (one.name, False)) for one in stuck])
        fresh = [*stuck, *(one for one in chosen if one.state.ended)]
        for one in fresh:
            clear_refusal(self.paths.directory, one.process)
        return fresh

    def _apply(self, changed: bool) -> Changes:
        if not changed or self.probe().state is not DaemonState.RUNNING:
            return Changes()
        return self.reread()


def _start(
    supervisord: Supervisord,
    names: Sequence[str],
    timeout: float,
    *,
    settle: bool,
    replaced: Mapping[str, int],
) -> tuple[ProcessOutcome, ...]:
    """Start what is not running; wait until each has settled (or has a PID), at most `timeout` seconds."""
    before = {one.name: one for one in select(supervisord.processes(), names)}
    faults: dict[str, Fault | None] = {}
    deadline, pause = time.monotonic() + timeout, Event()
    while True:
        now = [one for one in supervisord.processes() if one.name in before]
        fresh = [one for one in now if one.state.ended and one.name not in faults]
        if fresh:
            answers = supervisord.calls([("supervisor.startProcess", (one.name, False)) for one in fresh])
            faults |= {one.name: _fault(answer) for one, answer in zip(fresh, answers, strict=True)}
        elif all(_started(one, settle=settle) for one in now) or time.monotonic() > deadline:
            break
        pause.wait(POLL_SECONDS)
    return tuple(_start_outcome(supervisord, one, before, faults, replaced) for one in now)


def _stop(supervisord: Supervisord, names: Sequence[str], timeout: float) -> tuple[ProcessOutcome, ...]:
    """Stop what is running and wait until all have ended, at most `timeout` seconds."""
    before = {one.name: one for one in select(supervisord.processes(), names)}
    alive = [one for one in before.values() if not one.state.ended and one.state is not ProcessState.STOPPING]
    answers = supervisord.calls([("supervisor.stopProcess", (one.name, False)) for one in alive])
    faults = {one.name: _fault(answer) for one, answer in zip(alive, answers, strict=True)}
    now = _poll_until(supervisord, before, lambda one: one.state.ended or bool(faults.get(one.name)), timeout)
    return tuple(_stop_outcome(supervisord, one, before[one.name], faults.get(one.name)) for one in now)


def _keep(group: Sequence[ProcessStatus], late: Sequence[str]) -> tuple[ProcessOutcome, ...]:
    """The outcomes for services that are not stopped, because a process that needs them has not ended."""
    reason = Explanation(f"not stopped: {', '.join(late)} has not ended", "Try again: swf-console down")
    return tuple(
        ProcessOutcome(one, Effect.WAS_STOPPED if one.state.ended else Effect.FAILED, reason) for one in group
    )


def _signal(supervisord: Supervisord, names: Sequence[str], signal_name: str) -> tuple[ProcessOutcome, ...]:
    """Send a signal to what is running."""
    short = known_signal(signal_name)
    chosen = select(supervisord.processes(), names)
    alive = [one for one in chosen if one.pid]
    answers = supervisord.calls([("supervisor.signalProcess", (one.name, short)) for one in alive])
    faults = {one.name: _fault(answer) for one, answer in zip(alive, answers, strict=True)}
    return tuple(_signal_outcome(one, faults) for one in chosen)


def _restarted(
    stopped: Mapping[str, ProcessOutcome], started: Sequence[ProcessOutcome]
) -> tuple[ProcessOutcome, ...]:
    """The outcomes of a stop and a start, joined: a process that was stopped and started is restarted."""
    return tuple(
        replace(one, effect=Effect.RESTARTED)
        if one.effect is Effect.STARTED and stopped[one.status.name].effect is Effect.STOPPED
        else one
        for one in started
    )


def _poll_until(
    supervisord: Supervisord,
    wanted: Mapping[str, Any],
    enough: Callable[[ProcessStatus], bool],
    timeout: float,
) -> list[ProcessStatus]:
    deadline, pause = time.monotonic() + timeout, Event()
    while True:
        now = [one for one in supervisord.processes() if one.name in wanted]
        if all(enough(one) for one in now) or time.monotonic() > deadline:
            return now
        pause.wait(POLL_SECONDS)


def _started(one: ProcessStatus, *, settle: bool) -> bool:
    if one.state is ProcessState.STOPPING:
        return False
    if one.pid is not None and pidfiles.is_launching(one.pid):
        return False  # STARTING or, on a slow machine, RUNNING: the launcher may still refuse
    return one.state not in UNSETTLED or (
        not settle and (one.state is ProcessState.BACKOFF or one.pid is not None)
    )


def _start_outcome(
    supervisord: Supervisord,
    one: ProcessStatus,
    before: Mapping[str, ProcessStatus],
    faults: Mapping[str, Fault | None],
    replaced: Mapping[str, int],
) -> ProcessOutcome:
    fault, orphan = faults.get(one.name), replaced.get(one.process)
    if fault and fault.faultCode != ALREADY_STARTED:
        return ProcessOutcome(
            one, Effect.FAILED, Explanation(f"supervisord refused: {fault.faultString}"), orphan
        )
    if one.state in UP:
        same = fault is not None or (one.name not in faults and before[one.name].pid == one.pid)
        return ProcessOutcome(one, Effect.ALREADY_RUNNING if same else Effect.STARTED, None, orphan)
    did = Effect.STILL_WAITING if one.state is ProcessState.STOPPING else Effect.FAILED
    return ProcessOutcome(one, did, supervisord.explain(one), orphan)


def _stop_outcome(
    supervisord: Supervisord, one: ProcessStatus, before: ProcessStatus, fault: Fault | None
) -> ProcessOutcome:
    if fault and fault.faultCode != NOT_RUNNING:
        return ProcessOutcome(one, Effect.FAILED, Explanation(f"supervisord refused: {fault.faultString}"))
    if not one.state.ended:
        return ProcessOutcome(one, Effect.STILL_WAITING, supervisord.explain(one))
    return ProcessOutcome(one, Effect.WAS_STOPPED if before.state.ended else Effect.STOPPED)


def _signal_outcome(one: ProcessStatus, faults: Mapping[str, Fault | None]) -> ProcessOutcome:
    if one.name not in faults:
        return ProcessOutcome(one, Effect.WAS_STOPPED)
    fault = faults[one.name]
    if fault:
        return ProcessOutcome(one, Effect.FAILED, Explanation(f"supervisord refused: {fault.faultString}"))
    return ProcessOutcome(one, Effect.SIGNALLED)


def _fault(answer: Any) -> Fault | None:
    return answer if isinstance(answer, Fault) else None
