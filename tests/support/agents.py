"""Agents in threads of the test, on a broker in memory and a database in a file."""

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from swf_console.backend.agent.base import Agent
from swf_console.backend.core.destinations import EPICTOPIC
from swf_console.backend.core.settings import Settings, sqlite_url
from swf_console.backend.database import Database, definitions, executions, open_database
from swf_console.backend.database.records.workflows import NewDefinition, NewExecution
from swf_console.backend.messaging.message import make
from swf_console.testing.memory_broker import MemoryBroker, stranger
from tests.support.waiting import wait_for

NAMESPACE = "demo"
EXECUTION = "stf_datataking-alice-0001"
RUN = 100010

A = TypeVar("A", bound=Agent)


class AgentStage:
    """A broker, a home, a database, and agents in threads."""

    def __init__(self, home: Path, database_url: str | None = None) -> None:
        self.broker = MemoryBroker()
        state = home / ".state"
        state.mkdir(parents=True, exist_ok=True)
        url = database_url or sqlite_url(state / "swf.db")
        self.settings = Settings(home, state, "alice", "host", url)
        self.database: Database = open_database(url)
        self.failures: list[BaseException] = []

    def close(self) -> None:
        """Close the database; no agent may have failed."""
        self.database.close()
        assert not self.failures

    @contextmanager
    def running(self, kind: type[A], namespace: str = NAMESPACE, **options: Any) -> Iterator[A]:
        """A running agent; it is stopped at the end of the block."""
        agent, thread = self.start(kind, namespace, **options)
        try:
            assert agent.wait_ready(10), self.failures
            yield agent
        finally:
            agent.stop()
            thread.join(20)
            assert not thread.is_alive()

    def start(self, kind: type[A], namespace: str = NAMESPACE, **options: Any) -> tuple[A, threading.Thread]:
        """An agent that serves in a thread."""
        settings = replace(self.settings, **options.pop("settings", {}))
        agent = kind(settings, namespace, connect=self.broker.connect, **options)
        thread = threading.Thread(target=self._serve, args=(agent,), daemon=True)
        thread.start()
        return agent, thread

    def _serve(self, agent: Agent) -> None:
        try:
            agent.serve()
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            self.failures.append(error)

    def record_execution(
        self,
        parameters: Mapping[str, Any],
        execution_id: str = EXECUTION,
        namespace: str = NAMESPACE,
        environment: dict[str, Any] | None = None,
    ) -> None:
        """Write an execution with these sections."""
        with self.database.write() as connection:
            definition = definitions.ensure(
                connection, NewDefinition("stf_datataking", "1.0", "custom", "", {}, "alice")
            )
            new = NewExecution(
                execution_id,
                definition.id,
                namespace,
                dict(parameters),
                "alice",
                datetime.now(UTC),
                execution_environment=environment,
            )
            executions.insert(connection, new)

    def send(self, msg_type: str, destination: str = EPICTOPIC, **fields: Any) -> str:
        """A message as the runner would send it; returns its id."""
        content = {"namespace": NAMESPACE, "execution_id": EXECUTION, "run_id": str(RUN)} | fields
        message = make(destination, {"msg_type": msg_type, **content}, message_id=str(uuid.uuid4()))
        headers = {**message.headers, "message-id": message.id}
        self.broker.inject(stranger(destination, message.body, **headers))
        return message.id

    def say(self, body: str, destination: str = EPICTOPIC, **headers: str) -> None:
        """Send any body, as a foreign program might."""
        self.broker.inject(stranger(destination, body, **headers))

    def heard(self, destination: str, msg_type: str | None = None) -> list[dict[str, Any]]:
        """The messages that were sent to a destination."""
        bodies = [json.loads(each.body) for each in self.broker.accepted if each.destination == destination]
        return [each for each in bodies if msg_type is None or each.get("msg_type") == msg_type]

    def unacknowledged(self) -> int:
        """The number of messages that are delivered but not acknowledged, or queued."""
        with self.broker.lock:
            given = sum(len(consumer.unacknowledged) for consumer in self.broker._subscriptions)
            return given + sum(len(backlog) for _, _, backlog in self.broker._durables.values())

    def settled(self) -> None:
        """Wait until every message is acknowledged."""
        wait_for(lambda: self.unacknowledged() == 0)
