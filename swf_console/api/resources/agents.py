"""`/systemagents/`: agents as they describe themselves."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import MISSING

from ...backend.database import Connection, agents
from ...backend.database.records.agents import Agent, Heartbeat
from ..operation import Answer, Asked, Operation, listed
from ..schemas import CHOICE, Document, Flag, Line, Moment, Name, Natural, ResponseRow, Schema, Text, Word

BASE = "/api/systemagents"
ROW = ResponseRow("Agent", Agent)
_PASSED_ON = set(Heartbeat._fields) - {"at", "operational_state", "metadata"}


class HeartbeatReport(Schema):
    """What an agent says of itself; what it leaves out stays as it was."""

    instance_name: Name
    agent_type: Word
    status: Annotated[Literal["UNKNOWN", "OK", "WARNING", "ERROR", "EXITED"], CHOICE] = "UNKNOWN"
    description: Text | MISSING | None = MISSING
    mq_connected: Flag | MISSING | None = MISSING
    pid: Natural | MISSING | None = MISSING
    hostname: Annotated[str, Line(100, blank=True)] | MISSING | None = MISSING
    agent_url: Annotated[str, Line(200, blank=True)] | MISSING | None = MISSING
    operational_state: (
        Annotated[Literal["STARTING", "READY", "PROCESSING", "EXITED"], CHOICE] | MISSING | None
    ) = MISSING
    namespace: Annotated[str, Line(100, blank=True)] | MISSING | None = MISSING
    workflow_enabled: Flag | MISSING | None = MISSING
    current_stf_count: Natural | MISSING | None = MISSING
    total_stf_processed: Natural | MISSING | None = MISSING
    last_heartbeat: Moment | MISSING | None = MISSING
    metadata: Document | MISSING | None = MISSING


class AgentFilter(Schema):
    namespace: Name | MISSING = MISSING
    agent_type: Name | MISSING = MISSING
    status: Name | MISSING = MISSING
    operational_state: Name | MISSING = MISSING
    instance_name: Name | MISSING = MISSING


def heartbeat(connection: Connection, asked: Asked) -> Answer:
    """Store what an agent says of itself; what it leaves out stays."""
    beat = _beat(asked, _before(connection, [asked]))
    return Answer(ROW(agents.heartbeat(connection, beat)))


def heartbeat_each(connection: Connection, requests: Sequence[Asked]) -> list[Answer | Exception]:
    """Store what many agents say of themselves, as `heartbeat` does."""
    if len({asked.body["instance_name"] for asked in requests}) < len(requests):
        return [heartbeat(connection, asked) for asked in requests]
    before = _before(connection, requests)
    stored = agents.heartbeats(connection, [_beat(asked, before) for asked in requests])
    return [Answer(ROW(agent)) for agent in stored]


def _before(connection: Connection, requests: Sequence[Asked]) -> Mapping[str, Agent]:
    """The agents whose beats leave something as it was."""
    said = [asked.body for asked in requests]
    names = [
        one["instance_name"]
        for one in said
        if _metadata(one) is not None or one.get("operational_state") is None
    ]
    return agents.named(connection, names) if names else {}


def _beat(asked: Asked, known: Mapping[str, Agent]) -> Heartbeat:
    said = asked.body
    before = known.get(said["instance_name"])
    metadata = _metadata(said)
    if before is not None and metadata is not None:
        metadata = {**(before.metadata or {}), **metadata}
    return Heartbeat(
        **{name: value for name, value in said.items() if name in _PASSED_ON},
        at=asked.now,
        operational_state=said.get("operational_state")
        or (before.operational_state if before else "STARTING"),
        metadata=metadata,
    )


def _metadata(said: Mapping[str, Any]) -> dict[str, Any] | None:
    """Its metadata, with what the table has no column for."""
    metadata: dict[str, Any] | None = said.get("metadata")
    if said.get("mq_connected") is None:
        return metadata
    return {**(metadata or {}), "mq_connected": said["mq_connected"]}


def list_agents(connection: Connection, asked: Asked) -> Answer:
    """List agents by name."""
    return listed(asked, agents.rows.listed(connection, asked.filters(), asked.window), ROW)


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/heartbeat",
        heartbeat,
        "Register an agent, or tell how it is",
        writes=True,
        together=heartbeat_each,
        patience=0.05,
        body=HeartbeatReport,
        row=ROW,
    ),
    Operation("GET", BASE, list_agents, "List agents", query=AgentFilter, row=ROW, is_list=True),
)
