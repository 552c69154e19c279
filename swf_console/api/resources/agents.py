"""`/systemagents/`: agents and their heartbeats."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import MISSING, Field

from ...backend.database import Connection, agents
from ...backend.database.records.agents import Agent, Heartbeat
from ..operation import Operation, Request, Response, existing, list_response
from ..schemas import (
    CHOICE,
    Document,
    Flag,
    Name,
    Natural,
    RequestSchema,
    ResponseRow,
    ShortText,
    Text,
    Timestamp,
    Word,
)

BASE = "/api/systemagents"
ROW = ResponseRow("Agent", Agent)
_COPIED = set(Heartbeat._fields) - {"at", "operational_state", "metadata"}


class HeartbeatReport(RequestSchema):
    """A heartbeat; fields that it omits keep their stored value."""

    instance_name: Name
    agent_type: Word
    status: Annotated[Literal["UNKNOWN", "OK", "WARNING", "ERROR", "EXITED"], CHOICE] = "UNKNOWN"
    description: Text | MISSING | None = MISSING
    mq_connected: Flag | MISSING | None = MISSING
    pid: Natural | MISSING | None = MISSING
    hostname: Annotated[str, ShortText(100, blank=True)] | MISSING | None = MISSING
    agent_url: Annotated[str, ShortText(200, blank=True)] | MISSING | None = MISSING
    operational_state: (
        Annotated[Literal["STARTING", "READY", "PROCESSING", "EXITED"], CHOICE] | MISSING | None
    ) = MISSING
    namespace: Annotated[str, ShortText(100, blank=True)] | MISSING | None = MISSING
    workflow_enabled: Flag | MISSING | None = MISSING
    current_stf_count: Natural | MISSING | None = MISSING
    total_stf_processed: Natural | MISSING | None = MISSING
    last_heartbeat: Timestamp | MISSING | None = MISSING
    metadata: Document | MISSING | None = MISSING


class AgentQuery(RequestSchema):
    namespace: Name | MISSING = MISSING
    agent_type: Name | MISSING = MISSING
    status: Name | MISSING = MISSING
    operational_state: Name | MISSING = MISSING
    instance_name: Name | MISSING = MISSING


class AgentKey(RequestSchema):
    id: Annotated[str, ShortText(100)] = Field(description="Its id, or its instance name")


def heartbeat(connection: Connection, request: Request) -> Response:
    """Store a heartbeat."""
    report = _heartbeat(request, _stored_agents(connection, [request]))
    return Response(ROW(agents.heartbeat(connection, report)))


def heartbeat_each(connection: Connection, requests: Sequence[Request]) -> list[Response | Exception]:
    """Store the heartbeats of many agents."""
    if len({request.body["instance_name"] for request in requests}) < len(requests):
        # several heartbeats of one agent: each must see the one before
        return [heartbeat(connection, request) for request in requests]
    before = _stored_agents(connection, requests)
    stored = agents.heartbeats(connection, [_heartbeat(request, before) for request in requests])
    return [Response(ROW(agent)) for agent in stored]


def _stored_agents(connection: Connection, requests: Sequence[Request]) -> Mapping[str, Agent]:
    """The stored agents whose heartbeat omits a field that must be merged."""
    bodies = [request.body for request in requests]
    names = [
        one["instance_name"]
        for one in bodies
        if _metadata(one) is not None or one.get("operational_state") is None
    ]
    return agents.named(connection, names) if names else {}


def _heartbeat(request: Request, known: Mapping[str, Agent]) -> Heartbeat:
    body = request.body
    before = known.get(body["instance_name"])
    metadata = _metadata(body)
    if before is not None and metadata is not None:
        metadata = {**(before.metadata or {}), **metadata}
    return Heartbeat(
        **{name: value for name, value in body.items() if name in _COPIED},
        at=request.now,
        operational_state=body.get("operational_state")
        or (before.operational_state if before else "STARTING"),
        metadata=metadata,
    )


def _metadata(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The metadata, with the fields that have no column."""
    metadata: dict[str, Any] | None = body.get("metadata")
    if body.get("mq_connected") is None:
        return metadata
    return {**(metadata or {}), "mq_connected": body["mq_connected"]}


def list_agents(connection: Connection, request: Request) -> Response:
    """List agents by name."""
    return list_response(request, agents.rows.listed(connection, request.filters(), request.window), ROW)


def get(connection: Connection, request: Request) -> Response:
    """Read an agent by its id or its name."""
    key: str = request.keys["id"]
    found = agents.rows.get(connection, key)
    if found is None and key.isascii() and key.isdecimal() and len(key) < 19:
        found = agents.rows.named(connection, "id", int(key))
    return Response(ROW(existing(found, "id", f"Agent not found: {key}")))


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/heartbeat",
        heartbeat,
        "Register an agent or store its heartbeat",
        writes=True,
        batch_handler=heartbeat_each,
        batch_seconds=0.05,
        body=HeartbeatReport,
        row=ROW,
    ),
    Operation("GET", BASE, list_agents, "List agents", query=AgentQuery, row=ROW, is_list=True),
    Operation("GET", f"{BASE}/{{id}}", get, "Read an agent", keys=AgentKey, row=ROW),
)
