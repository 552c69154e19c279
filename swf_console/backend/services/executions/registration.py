"""This process among the agents: its number, its type while it works, its heart-beat."""

import logging
import os
import threading
import time
from datetime import UTC, datetime

from ...database import Database, agents, sequences
from ...database.records import Heartbeat
from ...errors import SwfError
from ...settings import Settings

log = logging.getLogger(__name__)

IDLE_TYPE = "DAQ_Simulator"
TYPE_LENGTH = 20
HEARTBEAT_SECONDS = 30.0


def agent_type(workflow: str) -> str:
    """A workflow's name as an agent's type: stf_datataking is STF_Datataking."""
    parts = [part.upper() if len(part) <= 3 else part.capitalize() for part in workflow.split("_") if part]
    return "_".join(parts)[:TYPE_LENGTH]


class AgentRegister:
    """Registers this process as an agent when it first works; its name stays, its type says what it runs."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._lock = threading.Lock()
        self._namespace: str | None = None
        self._working: list[str] = []
        self._beat_at = time.monotonic()
        self.name: str | None = None

    def enrol(self, first_type: str, namespace: str) -> str:
        """Draw a number and be known as `<type>-agent-<user>-<number>`; returns the name."""
        with self._lock:
            if self.name is None:
                with self._database.write() as connection:
                    number = sequences.next_agent_number(connection)
                self.name = f"{first_type}-agent-{self._settings.user}-{number}"
                self._namespace = namespace
            return self.name

    def working(self, workflow: str) -> None:
        """Say that `workflow` is executed now."""
        with self._lock:
            self._working.append(agent_type(workflow))
        self.beat()

    def idle(self, workflow: str) -> None:
        """Say that an execution of `workflow` has ended."""
        with self._lock:
            self._working.remove(agent_type(workflow))
        self.beat()

    def close(self) -> None:
        """Say goodbye, if ever registered."""
        if self.name is not None:
            self.beat(status="EXITED", state="EXITED")

    def beat_when_due(self) -> None:
        """A heart-beat, unless there was one within the last 30 s."""
        if time.monotonic() - self._beat_at >= HEARTBEAT_SECONDS:
            self.beat()

    def beat(self, status: str = "OK", state: str | None = None) -> None:
        """One heart-beat with the present state; one that cannot be written is followed by the next."""
        with self._lock:
            kind = self._working[-1] if self._working else IDLE_TYPE
            name, busy = self.name, bool(self._working)
        if name is None:
            return
        self._beat_at = time.monotonic()
        beat = Heartbeat(
            instance_name=name,
            agent_type=kind,
            status=status,
            at=datetime.now(UTC),
            operational_state=state or ("PROCESSING" if busy else "READY"),
            description="workflow runner",
            namespace=self._namespace,
            pid=os.getpid(),
            hostname=self._settings.host,
        )
        try:
            with self._database.write() as connection:
                agents.heartbeat(connection, beat)
        except SwfError as error:
            log.warning("a heart-beat of %s was not written: %s", name, error)
