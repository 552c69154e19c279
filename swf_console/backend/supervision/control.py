"""Starting, stopping and signalling processes: ask without waiting, then look until a deadline."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Event
from typing import Any, Protocol
from xmlrpc.client import Fault

from .names import known_signal, select
from .records import Did, Explanation, Outcome, ProcessState, ProcessStatus
from .rpc import ALREADY_STARTED, NOT_RUNNING

LOOK_SECONDS = 0.05
UP = (ProcessState.STARTING, ProcessState.RUNNING)
COMING = (ProcessState.STARTING, ProcessState.BACKOFF)


class Talk(Protocol):
    """What is needed of supervisord."""

    def processes(self) -> tuple[ProcessStatus, ...]:
        """Every process."""
        ...

    def calls(self, calls: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """Several calls in one journey."""
        ...

    def refusal(self, status: ProcessStatus) -> Explanation | None:
        """Why the launcher refused to start it, if it did."""
        ...

    def explain(self, status: ProcessStatus) -> Explanation:
        """The state in words."""
        ...


def start(
    talk: Talk, names: Sequence[str], timeout: float, *, settle: bool, replaced: Mapping[str, int]
) -> tuple[Outcome, ...]:
    """Start what does not run and look until each has settled (or has a PID), at most `timeout` seconds."""
    before = {one.name: one for one in select(talk.processes(), names)}
    asked: dict[str, Fault | None] = {}
    deadline, pause = time.monotonic() + timeout, Event()
    while True:
        now = [one for one in talk.processes() if one.name in before]
        fresh = [one for one in now if one.state.ended and one.name not in asked]
        if fresh:
            answers = talk.calls([("supervisor.startProcess", (one.name, False)) for one in fresh])
            asked |= {one.name: _fault(answer) for one, answer in zip(fresh, answers, strict=True)}
        elif all(_started(talk, one, settle=settle) for one in now) or time.monotonic() > deadline:
            break
        pause.wait(LOOK_SECONDS)
    return tuple(_start_outcome(talk, one, before, asked, replaced) for one in now)


def stop(talk: Talk, names: Sequence[str], timeout: float) -> tuple[Outcome, ...]:
    """Stop what runs and look until all of it has ended, at most `timeout` seconds."""
    before = {one.name: one for one in select(talk.processes(), names)}
    alive = [one for one in before.values() if not one.state.ended and one.state is not ProcessState.STOPPING]
    answers = talk.calls([("supervisor.stopProcess", (one.name, False)) for one in alive])
    asked = {one.name: _fault(answer) for one, answer in zip(alive, answers, strict=True)}
    now = _look_until(talk, before, lambda one: one.state.ended or bool(asked.get(one.name)), timeout)
    return tuple(_stop_outcome(talk, one, before[one.name], asked.get(one.name)) for one in now)


def signal(talk: Talk, names: Sequence[str], signal_name: str) -> tuple[Outcome, ...]:
    """Send a signal to what runs."""
    short = known_signal(signal_name)
    chosen = select(talk.processes(), names)
    alive = [one for one in chosen if one.pid]
    answers = talk.calls([("supervisor.signalProcess", (one.name, short)) for one in alive])
    told = {one.name: _fault(answer) for one, answer in zip(alive, answers, strict=True)}
    return tuple(_signal_outcome(one, told) for one in chosen)


def restarted(stopped: Mapping[str, Outcome], started: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """What a stop and a start came to: a process that was stopped and started is restarted."""
    return tuple(
        replace(one, did=Did.RESTARTED)
        if one.did is Did.STARTED and stopped[one.status.name].did is Did.STOPPED
        else one
        for one in started
    )


def _look_until(
    talk: Talk, wanted: Mapping[str, Any], enough: Callable[[ProcessStatus], bool], timeout: float
) -> list[ProcessStatus]:
    deadline, pause = time.monotonic() + timeout, Event()
    while True:
        now = [one for one in talk.processes() if one.name in wanted]
        if all(enough(one) for one in now) or time.monotonic() > deadline:
            return now
        pause.wait(LOOK_SECONDS)


def _started(talk: Talk, one: ProcessStatus, *, settle: bool) -> bool:
    if one.state is ProcessState.STOPPING:
        return False
    if one.state not in COMING or talk.refusal(one) is not None:
        return True
    return not settle and (one.state is ProcessState.BACKOFF or one.pid is not None)


def _start_outcome(
    talk: Talk,
    one: ProcessStatus,
    before: Mapping[str, ProcessStatus],
    asked: Mapping[str, Fault | None],
    replaced: Mapping[str, int],
) -> Outcome:
    fault, orphan = asked.get(one.name), replaced.get(one.process)
    if fault and fault.faultCode != ALREADY_STARTED:
        return Outcome(one, Did.FAILED, Explanation(f"supervisord refused: {fault.faultString}"), orphan)
    if one.state in UP and not talk.refusal(one):
        same = fault is not None or (one.name not in asked and before[one.name].pid == one.pid)
        return Outcome(one, Did.RAN_ALREADY if same else Did.STARTED, None, orphan)
    did = Did.STILL_WAITING if one.state is ProcessState.STOPPING else Did.FAILED
    return Outcome(one, did, talk.explain(one), orphan)


def _stop_outcome(talk: Talk, one: ProcessStatus, before: ProcessStatus, fault: Fault | None) -> Outcome:
    if fault and fault.faultCode != NOT_RUNNING:
        return Outcome(one, Did.FAILED, Explanation(f"supervisord refused: {fault.faultString}"))
    if not one.state.ended:
        return Outcome(one, Did.STILL_WAITING, talk.explain(one))
    return Outcome(one, Did.WAS_STOPPED if before.state.ended else Did.STOPPED)


def _signal_outcome(one: ProcessStatus, told: Mapping[str, Fault | None]) -> Outcome:
    if one.name not in told:
        return Outcome(one, Did.WAS_STOPPED)
    fault = told[one.name]
    if fault:
        return Outcome(one, Did.FAILED, Explanation(f"supervisord refused: {fault.faultString}"))
    return Outcome(one, Did.SIGNALLED)


def _fault(answer: Any) -> Fault | None:
    return answer if isinstance(answer, Fault) else None
