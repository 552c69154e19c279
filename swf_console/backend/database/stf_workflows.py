"""The way of each STF through the agents, and the stage that each agent has in it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from .columns import utc_now
from .keys import before, ensure, made_from
from .processing_records import NewStfWorkflow, Stage, StageKey, StfWorkflow
from .statements import insert_into
from .tables.processing import stages, stf_workflows

# Monitoring goes beside the processing and ends before it: where both are done, processing is.
STEPS = ("received", "processing", "complete")
STATUSES = (
    "generated",
    *(f"{kind}_{step}" for kind in ("daqsim", "data", "fastmon", "processing") for step in STEPS),
    "workflow_complete",
    "failed",
)

_w = stf_workflows.c
_s = stages.c
_WORKFLOW = tuple(_w[name] for name in StfWorkflow.__dataclass_fields__)
_STAGE = tuple(_s[name] for name in Stage.__dataclass_fields__)


def register(connection: Connection, new: NewStfWorkflow) -> str:
    """Begin the way of an STF unless it has begun; return its id."""
    row = {name: getattr(new, name) for name in NewStfWorkflow.__dataclass_fields__}
    row["workflow_id"] = made_from("workflow", new.filename)
    return ensure(connection, stf_workflows, _w.filename, _w.workflow_id, row)


def begin_stage(
    connection: Connection, key: StageKey, received_at: datetime, input_message: dict[str, Any] | None = None
) -> bool:
    """Note that an agent works on an STF; False where the STF is unknown, or the stage has begun."""
    workflow_id = _workflow_id(connection, key.filename)
    if workflow_id is None:
        return False
    status = f"{key.agent_type}_processing"
    row = insert_into(connection, stages).values(
        stage_id=made_from("stage", workflow_id, key.agent_name, key.agent_type),
        workflow_id=workflow_id,
        agent_name=key.agent_name,
        agent_type=key.agent_type,
        status=status,
        received_at=received_at,
        started_at=utc_now(),
        input_message=input_message,
    )
    unique = ["workflow_id", "agent_name", "agent_type"]
    begun = connection.execute(row.on_conflict_do_nothing(index_elements=unique)).rowcount == 1
    _advance(connection, key, status)
    return begun


def complete_stage(
    connection: Connection,
    key: StageKey,
    output_message: dict[str, Any] | None = None,
    *,
    seconds: float | None = None,
    last: bool = False,
) -> bool:
    """Note that an agent is done with an STF; False where it was before. `last` ends the STF's way."""
    status, now = f"{key.agent_type}_complete", utc_now()
    completed = (
        stages.update()
        .where(
            _s.workflow_id == select(_w.workflow_id).where(_w.filename == key.filename).scalar_subquery(),
            _s.agent_name == key.agent_name,
            _s.agent_type == key.agent_type,
            _s.completed_at.is_(None),
        )
        .values(
            status=status, completed_at=now, processing_time_seconds=seconds, output_message=output_message
        )
    )
    done = connection.execute(completed).rowcount == 1
    _advance(connection, key, status)
    if last:
        ended = stf_workflows.update().where(_w.filename == key.filename, _w.completed_at.is_(None))
        connection.execute(ended.values(completed_at=now))
    return done


def find(connection: Connection, filename: str) -> StfWorkflow | None:
    """Read how far an STF has come."""
    row = connection.execute(select(*_WORKFLOW).where(_w.filename == filename)).first()
    return None if row is None else StfWorkflow(**row._mapping)


def stages_of(connection: Connection, filename: str) -> list[Stage]:
    """List what the agents did with an STF, in the order they began."""
    query = select(*_STAGE).join(stf_workflows, _w.workflow_id == _s.workflow_id)
    rows = connection.execute(query.where(_w.filename == filename).order_by(_s.created_at, _s.stage_id))
    return [Stage(**row._mapping) for row in rows]


def counts(connection: Connection, execution_id: str) -> dict[str, int]:
    """Count an execution's STFs by how far they have come."""
    query = select(_w.current_status, func.count().label("stfs")).where(_w.execution_id == execution_id)
    rows = connection.execute(query.group_by(_w.current_status))
    return {row.current_status: row.stfs for row in rows}


def _workflow_id(connection: Connection, filename: str) -> str | None:
    found: str | None = connection.scalar(select(_w.workflow_id).where(_w.filename == filename))
    return found


def _advance(connection: Connection, key: StageKey, status: str) -> None:
    if status not in STATUSES:
        return
    forward = stf_workflows.update().where(
        _w.filename == key.filename, before(_w.current_status, STATUSES, status)
    )
    connection.execute(forward.values(current_status=status, current_agent=key.agent_type))
