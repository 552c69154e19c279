"""`/systemagents/`: agents as they describe themselves."""

from ...database import Connection, agents, lists
from ...database.records import Agent, Heartbeat
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
_PASSED_ON = set(Heartbeat.__dataclass_fields__) - {"at", "operational_state", "metadata"}


def heartbeat(connection: Connection, asked: Asked) -> Answer:
    """Store what an agent says of itself; what it leaves out stays."""
    said = asked.body
    metadata, state = said.get("metadata"), said.get("operational_state")
    if metadata is not None or state is None:
        before = agents.get(connection, said["instance_name"])
        if before is not None and metadata is not None:
            metadata = {**(before.metadata or {}), **metadata}
        state = state or (before.operational_state if before else "STARTING")
    beat = Heartbeat(
        **{name: value for name, value in said.items() if name in _PASSED_ON},
        at=asked.now,
        operational_state=state,
        metadata=metadata,
    )
    return Answer(SHOWN(agents.heartbeat(connection, beat)))


def list_agents(connection: Connection, asked: Asked) -> Answer:
    """List agents by name."""
    return listed(asked, lists.agents.listed(connection, asked.filters(*FILTERS), asked.window), SHOWN)


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/heartbeat",
        heartbeat,
        "Register an agent, or tell how it is",
        writes=True,
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
