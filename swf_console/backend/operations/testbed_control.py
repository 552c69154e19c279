"""The testbed of this home as one thing: its runner and agents started, stopped, restarted, looked at."""

from collections.abc import Sequence
from typing import Protocol

from ..configuration import resolve_namespace
from ..errors import SupervisorUnreachable
from ..services.executions.request import RunRequest, compose_request, testbed_of
from ..settings import Settings
from ..supervision.records import DaemonState
from .agent_list import SupervisorLook, look_at_supervisor
from .agent_programs import STAYS, supervisor_of
from .orchestration import AgentLine, line_of, start_agents


class TestbedControl(Protocol):
    """What can be done with a testbed; each returns a line for each process."""

    def start(self, config_name: str | None) -> Sequence[AgentLine]:
        """Start the runner and the agents that a configuration needs; what runs is left alone."""

    def stop(self) -> Sequence[AgentLine]:
        """Stop the runner and every agent."""

    def restart(self, config_name: str | None) -> Sequence[AgentLine]:
        """Stop what runs and start it again; where nothing runs, start."""

    def look(self) -> SupervisorLook:
        """supervisord and its processes; never raises."""


class HomeTestbed:
    """The testbed of one home, under its supervisord."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(self, config_name: str | None) -> Sequence[AgentLine]:
        """Start what is missing. Raises UsageError before anything is started, SupervisorUnreachable."""
        settings = self._settings
        namespace = resolve_namespace(None, testbed_of(settings))
        composition = compose_request(settings, RunRequest(configuration=config_name))
        lines, _ = start_agents(settings, composition, namespace)
        return lines

    def stop(self) -> Sequence[AgentLine]:
        """Stop all but the embedded broker, the monitor and the agent manager."""
        supervisor = supervisor_of(self._settings)
        try:
            names = [one.name for one in supervisor.processes() if one.group not in STAYS]
        except SupervisorUnreachable:
            if supervisor.look().state in (DaemonState.ABSENT, DaemonState.STALE):
                return ()
            raise
        return [line_of(outcome) for outcome in supervisor.stop(names)] if names else ()

    def restart(self, config_name: str | None) -> Sequence[AgentLine]:
        """Restart what runs, then start what a named configuration needs besides."""
        running = [one.name for one in self.look().processes if one.pid and one.group not in STAYS]
        if not running:
            return self.start(config_name)
        lines = [line_of(outcome) for outcome in supervisor_of(self._settings).restart(running)]
        return [*lines, *(self.start(config_name) if config_name else ())]

    def look(self) -> SupervisorLook:
        """supervisord and its processes; never raises."""
        return look_at_supervisor(self._settings)


def agents_running(look: SupervisorLook) -> bool:
    """Whether the runner or an agent runs."""
    return any(one.pid for one in look.processes if one.group not in STAYS)


def described(look: SupervisorLook) -> str:
    """supervisord and its processes as text, a line each."""
    head = f"supervisord {look.state}" + (f": {look.message}" if look.message else "")
    lines = [f"{one.name} {one.state}" + (f" pid {one.pid}" if one.pid else "") for one in look.processes]
    return "\n".join([head, *lines])
