"""The tables of the workflow engine as plain lists with a window, for programs that page by offset."""

from .records.agents import Agent
from .records.workflows import (
    Definition,
    Namespace,
    Run,
    RunState,
    StateEvent,
)
from .sql.offset import Rows
from .tables import agents as agent_tables
from .tables import workflows

_a = agent_tables.agents.c
_d = workflows.definitions.c
_n = workflows.namespaces.c
_r = workflows.runs.c
_s = workflows.run_states.c
_v = workflows.state_events.c

agents: Rows[Agent] = Rows(
    agent_tables.agents,
    _a.instance_name,
    Agent,
    filters={
        "instance_name": _a.instance_name,
        "namespace": _a.namespace,
        "agent_type": _a.agent_type,
        "status": _a.status,
        "operational_state": _a.operational_state,
    },
    order=(_a.instance_name,),
)
definitions: Rows[Definition] = Rows(
    workflows.definitions,
    _d.id,
    Definition,
    filters={"workflow_name": _d.workflow_name, "version": _d.version, "workflow_type": _d.workflow_type},
    order=(_d.id.desc(),),
)
namespaces: Rows[Namespace] = Rows(
    workflows.namespaces, _n.name, Namespace, filters={"owner": _n.owner}, order=(_n.name,)
)
runs: Rows[Run] = Rows(
    workflows.runs, _r.run_id, Run, filters={"run_number": _r.run_number}, order=(_r.run_number.desc(),)
)
run_states: Rows[RunState] = Rows(
    workflows.run_states,
    _s.run_number,
    RunState,
    columns={name: _s[name] for name in RunState.__dataclass_fields__},
    filters={"run_number": _s.run_number, "phase": _s.phase, "state": _s.state},
    order=(_s.run_number.desc(),),
)
state_events: Rows[StateEvent] = Rows(
    workflows.state_events,
    _v.event_id,
    StateEvent,
    columns={name: _v[name] for name in StateEvent.__dataclass_fields__},
    filters={
        "run_number": _v.run_number,
        "event_type": _v.event_type,
        "state": _v.state,
        "substate": _v.substate,
    },
    order=(_v.timestamp.desc(), _v.event_id.desc()),
)
