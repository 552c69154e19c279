"""Merges the processes of supervisord and the heartbeats of agents."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ...core.errors import SwfError
from ...core.settings import Settings
from ...database.records.agents import Agent
from ...supervisor.base import DaemonState, ProcessState, ProcessStatus, Supervisor
from .programs import supervisor_of
from .snapshot import SILENT, AgentView, SupervisorSnapshot


def probe_supervisor(settings: Settings, supervisor: Supervisor | None = None) -> SupervisorSnapshot:
    """The state of the home's supervisord and its processes; never raises, starts nothing."""
    try:
        supervisor = supervisor or supervisor_of(settings)
        daemon = supervisor.probe()
        if daemon.state is not DaemonState.RUNNING:
            return SupervisorSnapshot(str(daemon.state), daemon.message, daemon.advice, daemon.pid)
        processes = supervisor.processes()
        notes = tuple(str(supervisor.explain(one)) if one.state in _TROUBLE else "" for one in processes)
    except SwfError as error:
        return SupervisorSnapshot("unknown", error.message, error.advice)
    return SupervisorSnapshot(str(daemon.state), pid=daemon.pid, processes=processes, notes=notes)


def merge(supervisor: SupervisorSnapshot, agents: Sequence[Agent], host: str) -> list[AgentView]:
    """A view of each process of supervisord, then of each other agent."""
    now = datetime.now(UTC)
    # PIDs are unique on a host only; agents of other hosts have rows of their own
    local = {agent.pid: agent for agent in agents if agent.pid and agent.hostname == host}
    notes = supervisor.notes or ("",) * len(supervisor.processes)
    views = [
        _view(process, local.get(process.pid or 0), note, now)
        for process, note in zip(supervisor.processes, notes, strict=True)
    ]
    shown = {process.pid for process in supervisor.processes if process.pid}
    others = [agent for agent in agents if not (agent.hostname == host and agent.pid in shown)]
    return views + [_unsupervised(agent, now) for agent in others]


_TROUBLE = (ProcessState.BACKOFF, ProcessState.FATAL, ProcessState.EXITED, ProcessState.UNKNOWN)


def _view(process: ProcessStatus, agent: Agent | None, note: str, now: datetime) -> AgentView:
    silence = _age(agent.last_heartbeat, now) if agent else None
    if silence is not None and silence > SILENT.total_seconds() and process.state is ProcessState.RUNNING:
        note = f"running, but no heartbeat for {silence:.0f} s"
    return AgentView(
        name=agent.instance_name if agent else process.name,
        program=process.name,
        state=str(process.state),
        pid=process.pid,
        up_seconds=_age(process.since, now) if process.pid else None,
        agent_type=agent.agent_type if agent else None,
        operational_state=agent.operational_state if agent else None,
        heartbeat_seconds=silence,
        namespace=agent.namespace if agent else None,
        host=agent.hostname if agent else None,
        note=note or _dead_letters(agent),
        stf_count=agent.total_stf_processed if agent else None,
    )


def _unsupervised(agent: Agent, now: datetime) -> AgentView:
    silence = _age(agent.last_heartbeat, now)
    quiet = silence is None or silence > SILENT.total_seconds()
    return AgentView(
        name=agent.instance_name,
        program=None,
        state=None,
        pid=agent.pid,
        up_seconds=None,
        agent_type=agent.agent_type,
        operational_state=agent.operational_state,
        heartbeat_seconds=silence,
        namespace=agent.namespace,
        host=agent.hostname,
        note="no heartbeat: its process stopped responding"
        if quiet
        else _dead_letters(agent) or "not under this supervisord",
        stf_count=agent.total_stf_processed,
    )


def _dead_letters(agent: Agent | None) -> str:
    """How many messages an agent could not handle, if any."""
    metadata = agent.metadata if agent and isinstance(agent.metadata, dict) else {}
    letters = metadata.get("dead_letters")
    if not isinstance(letters, int) or letters < 1:
        return ""
    return f"{letters:,} messages in the dead-letter queue: {metadata.get('last_failure')}"


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max(0.0, (now - since).total_seconds())
