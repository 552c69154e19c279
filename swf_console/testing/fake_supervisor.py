"""A supervisor in memory, behind the same Protocol as supervisord, with switches for what goes wrong."""

# ruff: noqa: ARG002 - every change is immediate, so that arguments about waiting are unused

import itertools
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from swf_console.backend.core.errors import UsageError
from swf_console.backend.supervisor.base import (
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
from swf_console.backend.supervisor.explain import known_signal, select
from swf_console.backend.supervisor.rpc import NoAnswer

SHIPPED = (
    "embedded-broker",
    "monitor",
    "agent-manager",
    "workflow-runner",
    "example-data-agent",
    "example-processing-agent",
    "example-fastmon-agent",
    "fast-processing-agent",
    "slice-worker",
)


class MemorySupervisor:
    """Processes that exist by name only.

    `state` is that of supervisord; a name in `broken` goes to FATAL with that explanation;
    `outlived` are the orphans; `starts` has the environment of each start, in order.
    """

    def __init__(self, programs: Iterable[str] = SHIPPED, *, running: bool = False) -> None:
        self.state = DaemonState.RUNNING if running else DaemonState.ABSENT
        self.broken: dict[str, Explanation] = {}
        self.outlived: list[Orphan] = []
        self.starts: list[tuple[str, dict[str, str]]] = []
        self.signals: list[tuple[str, str]] = []
        self.environment: dict[str, str] = {}
        self._lock = threading.RLock()
        self._pids = itertools.count(1001)
        self._shipped = tuple(programs)
        self._declared: dict[str, Program] = {}
        self._applied: dict[str, Program] = {}
        self._processes: dict[str, ProcessStatus] = {}
        for name in self._shipped:
            self._add(Program(name))

    def probe(self) -> Daemon:
        """What is there; never raises."""
        if self.state is DaemonState.RUNNING:
            return Daemon(self.state, 1000)
        return Daemon(self.state, None, f"supervisord is {self.state}", "Start it: swf-console up")

    def ensure_running(self) -> Daemon:
        """Start supervisord, if its state allows it."""
        if self.state.startable:
            self.state = DaemonState.RUNNING
        self._check_running()
        return self.probe()

    def shutdown(self, timeout: float = STOP_SECONDS) -> None:
        """Stop every process, then supervisord itself."""
        self._check_running()
        for name in self._processes:
            self._set(name, ProcessState.STOPPED)
        self.state = DaemonState.ABSENT

    def processes(self) -> tuple[ProcessStatus, ...]:
        """Every process, by group and name."""
        self._check_running()
        with self._lock:
            return tuple(
                sorted(self._processes.values(), key=lambda one: (one.group, len(one.process), one.process))
            )

    def start(
        self, names: Sequence[str], timeout: float = START_SECONDS, *, settle: bool = True
    ) -> tuple[ProcessOutcome, ...]:
        """Start what does not run; orphans of these processes are ended first."""
        return tuple(self._start(one) for one in select(self.processes(), names))

    def stop(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[ProcessOutcome, ...]:
        """Stop what runs."""
        outcomes = []
        for one in select(self.processes(), names):
            did = Effect.WAS_STOPPED if one.state.ended else Effect.STOPPED
            now = one if one.state.ended else self._set(one.name, ProcessState.STOPPED)
            outcomes.append(ProcessOutcome(now, did))
        return tuple(outcomes)

    def restart(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[ProcessOutcome, ...]:
        """Stop what runs, start all of them."""
        stopped = {one.status.name for one in self.stop(names) if one.effect is Effect.STOPPED}
        return tuple(
            replace(one, effect=Effect.RESTARTED) if one.ok and one.status.name in stopped else one
            for one in self.start(names)
        )

    def signal(self, names: Sequence[str], signal_name: str) -> tuple[ProcessOutcome, ...]:
        """Note a signal to what runs."""
        short = known_signal(signal_name)
        chosen = select(self.processes(), names)
        self.signals += [(one.name, short) for one in chosen if one.pid]
        return tuple(
            ProcessOutcome(one, Effect.SIGNALLED if one.pid else Effect.WAS_STOPPED) for one in chosen
        )

    def reread(self) -> Changes:
        """Apply what was declared and forgotten while supervisord did not run."""
        self._check_running()
        with self._lock:
            before, after = self._applied, dict(self._declared)
            fresh = [name for name in after if before.get(name) != after[name]]
            known = {one.group for one in self._processes.values()}
            removed = sorted(name for name in before if name not in after)
            for name in removed:
                self._remove(name)
                if name in self._shipped:
                    self._add(Program(name))
            for name in fresh:
                self._replace(after[name])
            self._applied = after
        return Changes(
            tuple(sorted(name for name in fresh if name not in known)),
            tuple(sorted(name for name in fresh if name in known)),
            tuple(removed),
        )

    def declare(self, programs: Sequence[Program]) -> Changes:
        """Add or change programs; the others stay."""
        for one in programs:
            if not one.script and one.name not in self._shipped:
                raise UsageError(f"program not found: {one.name}", "Name its script")
        self._declared |= {one.name: one for one in programs}
        return self.reread() if self.state is DaemonState.RUNNING else Changes()

    def forget(self, names: Sequence[str]) -> Changes:
        """Take declared programs away again."""
        self._declared = {name: one for name, one in self._declared.items() if name not in names}
        return self.reread() if self.state is DaemonState.RUNNING else Changes()

    def set_environment(self, environment: Mapping[str, str]) -> None:
        """What every program gets at its next start."""
        self.environment = dict(environment)

    def orphans(self) -> tuple[Orphan, ...]:
        """Processes that outlived their supervisord."""
        return tuple(self.outlived)

    def end_orphans(self, timeout: float = STOP_SECONDS) -> tuple[Orphan, ...]:
        """End every orphan."""
        ended, self.outlived = tuple(self.outlived), []
        return ended

    def explain(self, status: ProcessStatus) -> Explanation:
        """The state in words."""
        text = f"{status.name} is {status.state}"
        return self.broken.get(status.name) or Explanation(text.lower())

    def die(self) -> None:
        """kill -9: every process becomes an orphan."""
        for one in self._processes.values():
            if one.pid:
                self.outlived.append(Orphan(one.process, one.pid, one.since))
            self._set(one.name, ProcessState.STOPPED)
        self.state = DaemonState.STALE

    def crash(self, name: str, exit_status: int = 1) -> None:
        """Let a process end by itself."""
        self._processes[name] = replace(
            self._set(name, ProcessState.EXITED), exit_status=exit_status, description="exited"
        )

    def _check_running(self) -> None:
        if self.state is not DaemonState.RUNNING:
            raise NoAnswer(self.state, f"supervisord is {self.state}")

    def _start(self, one: ProcessStatus) -> ProcessOutcome:
        if not one.state.ended:
            return ProcessOutcome(one, Effect.ALREADY_RUNNING)
        ended = [orphan for orphan in self.outlived if orphan.process == one.process]
        self.outlived = [orphan for orphan in self.outlived if orphan not in ended]
        replaced = ended[0].pid if ended else None
        self.starts.append((one.name, dict(self.environment)))
        if one.name in self.broken:
            fatal = self._set(one.name, ProcessState.FATAL)
            return ProcessOutcome(fatal, Effect.FAILED, self.broken[one.name], replaced)
        return ProcessOutcome(self._set(one.name, ProcessState.RUNNING), Effect.STARTED, None, replaced)

    def _set(self, name: str, state: ProcessState) -> ProcessStatus:
        pid = next(self._pids) if state is ProcessState.RUNNING else None
        with self._lock:
            now = replace(self._processes[name], state=state, pid=pid, since=datetime.now(UTC))
            self._processes[name] = now
        return now

    def _replace(self, program: Program) -> None:
        ran = any(not one.state.ended for one in self._processes.values() if one.group == program.name)
        self._remove(program.name)
        self._add(program)
        for one in list(self._processes.values()):
            if ran and one.group == program.name:
                self._start(one)

    def _remove(self, group: str) -> None:
        self._processes = {name: one for name, one in self._processes.items() if one.group != group}

    def _add(self, program: Program) -> None:
        count = program.count or 1
        names = [program.name] if count == 1 else [f"{program.name}-{number}" for number in range(count)]
        for name in names:
            one = ProcessStatus(program.name, name, ProcessState.STOPPED)
            self._processes[one.name] = one
