"""supervisord over XML-RPC: the real Supervisor of a home."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault

from . import control, daemon, pids, programs
from .control import COMING
from .environment import write_environment
from .explain import explain
from .locks import locked
from .names import select
from .place import Place, find_place, remember
from .reading import read_processes
from .records import Changes, Daemon, DaemonState, Explanation, Orphan, Outcome, ProcessStatus, Program
from .refusals import clear_refusal, read_refusal
from .rereading import reread
from .rpc import CALL_SECONDS, SHUTDOWN_STATE, NoAnswer, foreign, multicall
from .supervisor import START_SECONDS, STOP_SECONDS


class Supervisord:
    """The supervisord of one home and state directory; nothing is started before it is asked for.

    `environment` is what the programs get, from the next `ensure_running` on; `default_state_dir` is where
    the state would be with no variable set; `call_timeout` seconds are one journey to supervisord and back.
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
        self.place: Place = find_place(home, state_dir)
        self._environment = dict(environment)
        self._default_state_dir = default_state_dir or state_dir
        self._timeout = call_timeout

    def look(self) -> Daemon:
        """What is there; never raises."""
        return daemon.look(self.place, self._timeout)

    def ensure_running(self) -> Daemon:
        """Start supervisord where there is none; it is left running."""
        write_environment(self.place, self._environment)
        remember(self.place, self._default_state_dir)
        return daemon.ensure_running(self.place, self._environment)

    def shutdown(self, timeout: float = STOP_SECONDS) -> None:
        """Stop every process, then supervisord itself; TimedOut where that takes longer."""
        daemon.shutdown(self.place, timeout)

    def processes(self) -> tuple[ProcessStatus, ...]:
        """Every process, by group and name."""
        _, (infos,) = daemon.ask(self.place, "supervisor.getAllProcessInfo", timeout=self._timeout)
        if isinstance(infos, Fault):
            raise foreign(self.place.socket, infos.faultString)
        return read_processes(infos)

    def start(
        self, names: Sequence[str], timeout: float = START_SECONDS, *, settle: bool = True
    ) -> tuple[Outcome, ...]:
        """Start what does not run; orphans of these processes are ended first."""
        chosen = {one.process for one in self._fresh_attempt(names)}
        outlived = [one for one in self.orphans() if one.process in chosen]
        replaced = {one.process: one.pid for one in pids.end(outlived, STOP_SECONDS)}
        return control.start(self, names, timeout, settle=settle, replaced=replaced)

    def stop(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[Outcome, ...]:
        """Stop what runs."""
        return control.stop(self, names, timeout)

    def restart(self, names: Sequence[str], timeout: float = STOP_SECONDS) -> tuple[Outcome, ...]:
        """Stop what runs, start all of them; `timeout` holds for each half."""
        stopped = {one.status.name: one for one in control.stop(self, names, timeout)}
        return control.restarted(stopped, self.start(names, timeout))

    def signal(self, names: Sequence[str], signal_name: str) -> tuple[Outcome, ...]:
        """Send a signal (`HUP`, `USR1`) to what runs."""
        return control.signal(self, names, signal_name)

    def reread(self) -> Changes:
        """Read the configuration again and apply it."""
        with locked(self.place.directory / "reread.lock"):
            return reread(self.calls, self.processes)

    def declare(self, wanted: Sequence[Program]) -> Changes:
        """Add or change programs; the others stay. Applied at once where supervisord runs."""
        return self._apply(programs.declare(self.place, wanted))

    def forget(self, names: Sequence[str]) -> Changes:
        """Take declared programs away again, stopping them."""
        return self._apply(programs.forget(self.place, names))

    def set_environment(self, environment: Mapping[str, str]) -> None:
        """What every program gets at its next start."""
        self._environment = dict(environment)
        write_environment(self.place, self._environment)

    def orphans(self) -> tuple[Orphan, ...]:
        """Processes that outlived their supervisord."""
        try:
            supervised = {one.pid for one in self.processes() if one.pid}
        except NoAnswer as error:
            if not error.state.startable:
                raise
            supervised = set()
        return pids.find_orphans(self.place.directory, supervised)

    def end_orphans(self, timeout: float = STOP_SECONDS) -> tuple[Orphan, ...]:
        """End every orphan, politely and then not; returns those that were ended."""
        return pids.end(self.orphans(), timeout)

    def explain(self, status: ProcessStatus) -> Explanation:
        """The state in words, with advice and what the process said last."""
        living = {one.process: one.pid for one in pids.living_processes(self.place.directory)}
        pid = living.get(status.process)
        return explain(status, self.place.directory, orphan=pid if pid != status.pid else None)

    def refusal(self, status: ProcessStatus) -> Explanation | None:
        """Why the launcher refused to start it, if it did."""
        return read_refusal(self.place.directory, status.process)

    def calls(self, calls: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """Several XML-RPC calls in one journey; refusals are Faults in their place."""
        answers = multicall(self.place.socket, calls, self._timeout)
        if any(isinstance(one, Fault) and one.faultCode == SHUTDOWN_STATE for one in answers):
            self.processes()
        return answers

    def _fresh_attempt(self, names: Sequence[str]) -> list[ProcessStatus]:
        """What is to be started: what has ended, and what is tried again in vain, which is stopped for it."""
        chosen = select(self.processes(), names)
        stuck = [one for one in chosen if one.state in COMING and (one.pid is None or self.refusal(one))]
        self.calls([("supervisor.stopProcess", (one.name, False)) for one in stuck])
        fresh = [*stuck, *(one for one in chosen if one.state.ended)]
        for one in fresh:
            clear_refusal(self.place.directory, one.process)
        return fresh

    def _apply(self, changed: bool) -> Changes:
        if not changed or self.look().state is not DaemonState.RUNNING:
            return Changes()
        return self.reread()
