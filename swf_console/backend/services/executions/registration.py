"""Registration of a process that executes as an agent: its number, and its type while it executes."""

import os
import threading
from datetime import UTC, datetime

from ...agent.heartbeat import EXITED, PROCESSING, READY, HeartbeatThread
from ...core.settings import Settings
from ...database import Database, sequences
from ...database.records.agents import Heartbeat

IDLE_TYPE = "DAQ_Simulator"
TYPE_LENGTH = 20


def agent_type(workflow: str) -> str:
    """The agent type of a workflow: stf_datataking becomes STF_Datataking."""
    parts = [part.upper() if len(part) <= 3 else part.capitalize() for part in workflow.split("_") if part]
    return "_".join(parts)[:TYPE_LENGTH]


class Registration:
    """Registers this process as an agent. Its name is fixed, its type follows the running workflow."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._lock = threading.Lock()
        self._namespace: str | None = None
        self._working: list[str] = []
        self._closed = False
        self._heartbeat = HeartbeatThread(database, self._describe)
        self.name: str | None = None

    def register(self, first_type: str, namespace: str) -> str:
        """Register as `<type>-agent-<user>-<number>` and return that name."""
        with self._lock:
            if self.name is None:
                with self._database.write() as connection:
                    number = sequences.next_agent_number(connection)
                self.name = f"{first_type}-agent-{self._settings.user}-{number}"
                self._namespace = namespace
                self._heartbeat.start()
            return self.name

    def ready(self) -> None:
        """Write a heartbeat."""
        self._heartbeat.write()

    def working(self, workflow: str) -> None:
        """Register `workflow` as running; written when this returns, before its first message."""
        with self._lock:
            self._working.append(agent_type(workflow))
        self._heartbeat.write()

    def idle(self, workflow: str) -> None:
        """Register the end of an execution of `workflow`."""
        with self._lock:
            self._working.remove(agent_type(workflow))
        self._heartbeat.write()

    def close(self) -> None:
        """Write EXITED, if registered."""
        self._closed = True
        self._heartbeat.close()

    def _describe(self) -> Heartbeat:
        with self._lock:
            working = self._working[-1] if self._working else None
        return Heartbeat(
            instance_name=self.name or "",
            agent_type=working or IDLE_TYPE,
            status=EXITED if self._closed else "OK",
            at=datetime.now(UTC),
            operational_state=EXITED if self._closed else PROCESSING if working else READY,
            description="workflow runner",
            namespace=self._namespace,
            pid=os.getpid(),
            hostname=self._settings.host,
        )
