"""`/systemagents/`: agents as they describe themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...database import Connection, agents
from ...database.records.agents import Agent, Heartbeat
from ..fields import Body, Field
from ..kinds import Choice, Document, Flag, Integer, Moment, Name, Text
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/systemagents"
STATUSES = ("UNKNOWN", "OK", "WARNING", "ERROR", "EXITED")
STATES = ("STARTING", "READY", "PROCESSING", "EXITED")
FILTERS = ("namespace", "agent_type", "status", "operational_state", "instance_name")
SHOWN = Shown("Agent", Agent)
HEARTBEAT = Body(
    Field("instance_name", Name(100), required=True),
    Field("agent_type", Name(20), required=True),
    Field("status", Choice(STATUSES), default="UNKNOWN"),
    Field("description", Text(), null=True),
    Field("mq_connected", Flag(), null=True),
    Field("pid", Integer(0), null=True),
    Field("hostname", Name(100, blank=True), null=True),
    Field("agent_url", Name(200, blank=True), null=True),
    Field("operational_state", Choice(STATES), null=True),
    Field("namespace", Name(100, blank=True), null=True),
    Field("workflow_enabled", Flag(), null=True),
    Field("current_stf_count", Integer(0), null=True),
    Field("total_stf_processed", Integer(0), null=True),
    Field("last_heartbeat", Moment(), null=True),
    Field("metadata", Document(), null=True),
)
_PASSED_ON = set(Heartbeat._fields) - {"at", "operational_state", "metadata"}


def heartbeat(connection: Connection, asked: Asked) -> Answer:
    """Store what an agent says of itself; what it leaves out stays."""
    beat = _beat(asked, _before(connection, [asked]))
    return Answer(SHOWN(agents.heartbeat(connection, beat)))


def heartbeat_each(connection: Connection, requests: Sequence[Asked]) -> list[Answer | Exception]:
    """Store what many agents say of themselves, as `heartbeat` does."""
    if len({asked.body["instance_name"] for asked in requests}) < len(requests):
        return [heartbeat(connection, asked) for asked in requests]
    before = _before(connection, requests)
    stored = agents.heartbeats(connection, [_beat(asked, before) for asked in requests])
    return [Answer(SHOWN(agent)) for agent in stored]


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
    return listed(asked, agents.rows.listed(connection, asked.filters(*FILTERS), asked.window), SHOWN)


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/heartbeat",
        heartbeat,
        "Register an agent, or tell how it is",
        writes=True,
        together=heartbeat_each,
        patience=0.05,
        body=HEARTBEAT,
        row=SHOWN,
    ),
    Operation(
        "GET",
        BASE,
        list_agents,
        "List agents",
        query=tuple(Field(name, Name(100)) for name in FILTERS),
        row=SHOWN,
        is_list=True,
    ),
)
