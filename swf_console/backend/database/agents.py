"""Agents as their heartbeats describe them, and the subscribers of REST clients."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from .records.agents import Agent, AgentFilter, Heartbeat, Subscriber
from .records.pages import Page
from .sql.dialect import insert_into, matching
from .sql.keyset import Order, one_page
from .sql.offset import TableGateway
from .sql.types import utc_now
from .tables.agents import agents, subscribers
from .tables.workflows import messages

_c = agents.c
_s = subscribers.c
EVERY_AGENT = AgentFilter()
_OPTIONAL = (
    "description",
    "namespace",
    "pid",
    "hostname",
    "agent_url",
    "workflow_enabled",
    "current_stf_count",
    "total_stf_processed",
    "metadata",
)
_NAMED = select(*_c).where(_c.instance_name.in_(bindparam("names", expanding=True)))
_upserts: dict[tuple[str, ...], Any] = {}

rows: TableGateway[Agent] = TableGateway(
    agents,
    _c.instance_name,
    Agent,
    filters={
        "instance_name": _c.instance_name,
        "namespace": _c.namespace,
        "agent_type": _c.agent_type,
        "status": _c.status,
        "operational_state": _c.operational_state,
    },
    order=(_c.instance_name,),
)
subscriber_rows: TableGateway[Subscriber] = TableGateway(
    subscribers,
    _s.subscriber_id,
    Subscriber,
    columns={name: _s[name] for name in Subscriber.__dataclass_fields__},
    filters={"subscriber_name": _s.subscriber_name, "is_active": _s.is_active},
    order=(_s.subscriber_id,),
)


def heartbeat(connection: Connection, beat: Heartbeat) -> Agent:
    """Store the heartbeat of one agent and return the agent; a field that is None stays unchanged."""
    return heartbeats(connection, [beat])[0]


def heartbeats(connection: Connection, beats: Sequence[Heartbeat]) -> list[Agent]:
    """Store heartbeats of different agents, and return the agents in this order."""
    now = utc_now()
    # one executemany per set of columns: a heartbeat sets only the columns it names
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for beat in beats:
        values = _values(beat, now)
        by_columns[tuple(values)].append(values)
    stored = {}
    for parameters in by_columns.values():
        for row in connection.execute(_upsert(connection, parameters[0]), parameters):
            stored[row.instance_name] = Agent(**row._mapping)
    return [stored[beat.instance_name] for beat in beats]


def _values(beat: Heartbeat, now: datetime) -> dict[str, Any]:
    values = {
        "instance_name": beat.instance_name,
        "agent_type": beat.agent_type,
        "status": beat.status,
        "operational_state": beat.operational_state,
        "last_heartbeat": beat.at,
        "updated_at": now,
    }
    return values | {name: getattr(beat, name) for name in _OPTIONAL if getattr(beat, name) is not None}


def _upsert(connection: Connection, values: dict[str, Any]) -> Any:
    """The statement for these columns, built once: many agents send heartbeats often."""
    key = (connection.dialect.name, *values)
    if key not in _upserts:
        insert = insert_into(connection, agents)
        given = {name: insert.excluded[name] for name in values if name != "instance_name"}
        changing = insert.on_conflict_do_update(index_elements=["instance_name"], set_=given)
        _upserts[key] = changing.returning(*_c)
    return _upserts[key]


def mark_exited(connection: Connection, instance_name: str, when: datetime) -> bool:
    """Store that an agent ended normally; False if the agent is unknown."""
    exited = agents.update().where(_c.instance_name == instance_name)
    values = {"status": "EXITED", "operational_state": "EXITED", "last_heartbeat": when, "pid": None}
    return connection.execute(exited.values(values)).rowcount == 1


def named(connection: Connection, instance_names: Sequence[str]) -> dict[str, Agent]:
    """Read these agents by name; unknown ones are left out."""
    rows = connection.execute(_NAMED, {"names": list(instance_names)})
    return {row.instance_name: Agent(**row._mapping) for row in rows}


def get(connection: Connection, instance_name: str) -> Agent | None:
    """Read one agent."""
    row = connection.execute(select(*_c).where(_c.instance_name == instance_name)).first()
    return None if row is None else Agent(**row._mapping)


def page(
    connection: Connection, wanted: AgentFilter = EVERY_AGENT, after: str | None = None, limit: int = 200
) -> Page[Agent]:
    """List agents, the last registered first."""
    equal = ((_c.namespace, wanted.namespace), (_c.agent_type, wanted.agent_type), (_c.status, wanted.status))
    conditions = matching(equal, _c.last_heartbeat, wanted.since, wanted.until)
    if wanted.execution_id is not None:
        senders = select(messages.c.sender_agent).where(messages.c.execution_id == wanted.execution_id)
        conditions.append(_c.instance_name.in_(senders))
    return one_page(connection, [conditions], tuple(_c), Order((_c.id,), after, limit), Agent)


def present(connection: Connection, limit: int = 100) -> list[Agent]:
    """List agents that have not exited, the most recent heartbeat first."""
    query = (
        select(*_c).where(_c.operational_state != "EXITED").order_by(_c.last_heartbeat.desc().nulls_last())
    )
    return [Agent(**row._mapping) for row in connection.execute(query.limit(limit))]


def living(connection: Connection, agent_type: str, namespace: str, since: datetime) -> list[str]:
    """The agents of a type and namespace with a heartbeat since then that have not exited."""
    here = (_c.agent_type == agent_type, _c.namespace == namespace, _c.last_heartbeat >= since)
    query = select(_c.instance_name).where(*here, _c.operational_state != "EXITED")
    return list(connection.scalars(query.order_by(_c.instance_name)))
