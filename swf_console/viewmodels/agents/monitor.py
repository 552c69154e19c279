"""The agents as the console shows them: supervisord, heartbeats, the workflow's needs, and CPU."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ...backend.core.errors import SwfError
from ...backend.core.format import with_advice
from ...backend.core.settings import Settings
from ...backend.database import Database, agents
from ...backend.database.records.agents import Agent
from ...backend.messaging.embedded import find_running
from ...backend.services.agents.names import BROKER, RUNNER
from ...backend.services.agents.programs import needed_programs
from ...backend.services.agents.snapshot import AgentsSnapshot, AgentStatus, AgentView, SupervisorSnapshot
from ...backend.services.agents.status import merge, probe_supervisor
from ...backend.services.configurations import composed
from ...backend.services.executions.request import configured, testbed_of
from ...backend.supervisor.base import Supervisor
from ...backend.supervisor.programs import shipped_programs
from ..config_files import Fingerprint, fingerprint_of

AGENTS_SHOWN = 200
NOT_SUPERVISED = "off"
UP = "running"
NOT_RUNNING = ("absent", "stale")


class AgentSource(Protocol):
    """The part of a console's context that AgentMonitor reads."""

    @property
    def settings(self) -> Settings: ...

    @property
    def supervisor(self) -> Supervisor | None: ...

    def database(self) -> Database: ...


class AgentMonitor:
    """Reads supervisord and the database, and keeps the last answer of each. Not thread-safe."""

    def __init__(self, source: AgentSource) -> None:
        self._source = source
        self._agents_read: Sequence[Agent] = ()
        self._agents_read_at: float | None = None
        self._last_supervisor: SupervisorSnapshot | None = None
        self._last_supervisor_at = 0.0
        self._cpu = CpuMeter()
        self._known: tuple[Fingerprint, tuple[str, list[str], str]] | None = None

    def snapshot(self) -> AgentsSnapshot:
        """Read supervisord and the database; blocks. A backend that is down is reported, not raised."""
        settings = self._source.settings
        supervisor, seen_seconds = self._supervisor()
        database_trouble = self._read_agents()
        configuration, needed, trouble = self._needs()
        views = [*merge(supervisor, self._agents_read, settings.host), *self._unsupervised(supervisor)]
        lines = [self._line(view, needed) for view in views]
        up = {_group(line.key) for line in lines if line.view.is_up}
        return AgentsSnapshot(
            lines=tuple(sorted(lines, key=lambda line: _order(line, settings.host))),
            supervisor=supervisor.state,
            supervisor_trouble=supervisor.trouble,
            database_trouble=database_trouble,
            heard_seconds=time.monotonic() - self._agents_read_at
            if database_trouble and self._agents_read_at
            else None,
            seen_seconds=seen_seconds,
            configuration=configuration,
            configuration_trouble=trouble,
            missing=tuple(name for name in needed if name not in up),
        )

    def _supervisor(self) -> tuple[SupervisorSnapshot, float | None]:
        """supervisord's answer; if it runs but does not answer, the last one and its age in seconds."""
        now = probe_supervisor(self._source.settings, self._source.supervisor)
        if now.state == UP:
            self._last_supervisor, self._last_supervisor_at = now, time.monotonic()
        elif now.state in NOT_RUNNING:
            self._last_supervisor = None
        elif self._last_supervisor is not None:
            known = replace(self._last_supervisor, state=now.state, message=now.message, advice=now.advice)
            return known, time.monotonic() - self._last_supervisor_at
        return now, None

    def _read_agents(self) -> str:
        try:
            with self._source.database().read() as connection:
                self._agents_read = agents.present(connection, AGENTS_SHOWN)
        except SwfError as error:
            return with_advice(error.message, error.advice)
        self._agents_read_at = time.monotonic()
        return ""

    def _needs(self) -> tuple[str, list[str], str]:
        """The configuration, its programs and its problem; composed again only when a file has changed."""
        fingerprint = fingerprint_of(self._source.settings)
        if self._known is None or self._known[0] != fingerprint:
            self._known = fingerprint, self._composed()
        name, programs, trouble = self._known[1]
        settings = self._source.settings
        broker = [BROKER] if settings.broker is None and find_running(settings.state_dir) is None else []
        return name, [*broker, *programs] if programs else [], trouble

    def _composed(self) -> tuple[str, list[str], str]:
        """The configuration that testbed.toml names, its programs, and why these are unknown."""
        settings = self._source.settings
        name = ""
        try:
            name = configured(testbed_of(settings))
            if not name:
                return "", [], ""
            programs = needed_programs(settings, composed(settings, name))
        except SwfError as error:
            return name, [], with_advice(error.message, error.advice)
        return name, [RUNNER, *dict.fromkeys(program.name for program in programs)], ""

    def _unsupervised(self, supervisor: SupervisorSnapshot) -> list[AgentView]:
        """The programs of this home if no supervisord runs them, so that they can be started."""
        if supervisor.processes or supervisor.state == UP:
            return []
        try:
            names = shipped_programs(self._source.settings.home)
        except SwfError:
            return []
        state = NOT_SUPERVISED if supervisor.state in NOT_RUNNING else "unknown"
        blank = AgentView("", None, state, None, None, None, None, None, None, None)
        return [replace(blank, name=name, program=name) for name in names]

    def _line(self, view: AgentView, needed: Sequence[str]) -> AgentStatus:
        is_needed = bool(view.program) and _group(view.program or "") in needed
        if is_needed and not view.note and view.state in ("STOPPED", NOT_SUPERVISED):
            view = replace(view, note="needed")
        is_here = view.host in (None, self._source.settings.host)
        return AgentStatus(view, is_needed, self._cpu.percent(view.pid) if view.pid and is_here else None)


class CpuMeter:
    """The CPU use of processes between two calls, in percent of a core."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[float, float]] = {}
        self._tick = os.sysconf("SC_CLK_TCK")

    def percent(self, pid: int) -> float | None:
        """The use since the last call for it; None on the first call or if the process has ended."""
        try:
            # proc(5): fields 14 and 15 are utime and stime; the name in brackets may contain spaces
            words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            self._before.pop(pid, None)
            return None
        used, now = (int(words[11]) + int(words[12])) / self._tick, time.monotonic()
        before = self._before.get(pid)
        self._before[pid] = used, now
        if before is None or now <= before[1]:
            return None
        return max(0.0, 100 * (used - before[0]) / (now - before[1]))


def _group(program: str) -> str:
    return program.partition(":")[0]


def _order(line: AgentStatus, host: str) -> tuple[bool, bool, str]:
    """Programs of this supervisord first, needed ones before the others."""
    return line.view.program is None, not line.needed, line.view.host or host
