"""The processing state of each STF, and the stage of each agent in it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select

from .records.processing import NewStfWorkflow, Stage, StageWork, StfWorkflow
from .sql.dialect import given, insert_into, insert_unless_there, number_of, rank_of
from .sql.offset import TableGateway
from .sql.types import utc_now, uuid_from
from .tables.processing import stages, stf_files, stf_workflows

# fast monitoring runs in parallel to processing and ranks before it: the final status is that of processing
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
_GIVEN = tuple(NewStfWorkflow.__dataclass_fields__)
_STAGE_KEY = ["workflow_id", "agent_name", "agent_type"]
_DONE = ("status", "completed_at", "processing_time_seconds", "output_message", "updated_at")
_STARTED = ("stage_id", "agent_name", "agent_type", "status", "received_at", "started_at", "input_message")
_statements: dict[tuple[str, str], Any] = {}
workflow_rows: TableGateway[StfWorkflow] = TableGateway(
    stf_workflows,
    _w.workflow_id,
    StfWorkflow,
    columns={column.name: column for column in _WORKFLOW},
    filters={
        name: _w[name] for name in ("filename", "namespace", "execution_id", "run_id", "current_status")
    },
    order=(_w.generated_time.desc(), _w.workflow_id),
)
stage_rows: TableGateway[Stage] = TableGateway(
    stages,
    _s.stage_id,
    Stage,
    columns={column.name: column for column in _STAGE},
    filters={
        "workflow": _s.workflow_id,
        **{name: _s[name] for name in ("agent_name", "agent_type", "status")},
    },
    order=(_s.created_at, _s.stage_id),
)


def register(connection: Connection, new: Sequence[NewStfWorkflow]) -> None:
    """Store the processing state of STFs; existing ones stay unchanged."""
    statement = _built("register", connection, _register)
    connection.execute(statement, [_workflow_row(one) for one in new])


def begin_stages(connection: Connection, works: Sequence[StageWork]) -> None:
    """Store that an agent started to process registered STFs; a stage that exists stays unchanged."""
    now = utc_now()
    rows = [_stage_row(work, "processing", now) for work in works]
    connection.execute(_built("begin", connection, _begin), rows)
    _advance(connection, works, "processing")


def complete_stages(connection: Connection, works: Sequence[StageWork]) -> None:
    """Store that an agent has processed registered STFs; a stage that is complete stays unchanged."""
    now = utc_now()
    rows = [_stage_row(work, "complete", now) | _done_row(work, now) for work in works]
    connection.execute(_built("complete", connection, _complete), rows)
    _advance(connection, works, "complete")
    ended = [{"name": work.filename, "at": now} for work in works if work.last]
    if ended:
        connection.execute(_end(), ended)


def find(connection: Connection, filename: str) -> StfWorkflow | None:
    """Read the processing state of an STF."""
    row = connection.execute(select(*_WORKFLOW).where(_w.filename == filename)).first()
    return None if row is None else StfWorkflow(**row._mapping)


def ensure_stage(connection: Connection, row: Mapping[str, Any]) -> tuple[Stage, bool]:
    """Store the stage of an agent unless it has one; return the stored one, and whether it is new."""
    now = utc_now()
    identity = uuid_from("stage", *(str(row[name]) for name in _STAGE_KEY))
    values = {"stage_id": identity, "created_at": now, "updated_at": now, **row}
    statement = (
        insert_into(connection, stages).values(values).on_conflict_do_nothing(index_elements=_STAGE_KEY)
    )
    added = connection.execute(statement)
    stored = stage_rows.first(connection, *(_s[name] == row[name] for name in _STAGE_KEY))
    if stored is None:
        raise LookupError("the stage that was just stored is missing")
    return stored, added.rowcount == 1


def stages_of(connection: Connection, filename: str) -> list[Stage]:
    """List the stages of an STF, in the order of their start."""
    query = select(*_STAGE).join(stf_workflows, _w.workflow_id == _s.workflow_id)
    rows = connection.execute(query.where(_w.filename == filename).order_by(_s.created_at, _s.stage_id))
    return [Stage(**row._mapping) for row in rows]


def _built(name: str, connection: Connection, build: Any) -> Any:
    """Build a statement once per database; building costs more than executing."""
    key = name, connection.dialect.name
    if key not in _statements:
        _statements[key] = build(connection)
    return _statements[key]


def _register(connection: Connection) -> Any:
    file_id = select(stf_files.c.file_id).where(stf_files.c.stf_filename == given(_w.filename))
    values = {name: given(_w[name]) for name in ("workflow_id", *_GIVEN)}
    values["file_id"] = file_id.scalar_subquery()
    return insert_unless_there(connection, stf_workflows, ["filename"], values)


def _begin(connection: Connection) -> Any:
    values = {name: given(_s[name]) for name in _STARTED} | {"workflow_id": _workflow_id()}
    return insert_unless_there(connection, stages, _STAGE_KEY, values)


def _complete(connection: Connection) -> Any:
    values = {name: given(_s[name]) for name in (*_STARTED, *_DONE)} | {"workflow_id": _workflow_id()}
    insert = insert_into(connection, stages).values(values)
    return insert.on_conflict_do_update(
        index_elements=_STAGE_KEY,
        set_={name: insert.excluded[name] for name in _DONE},
        where=_s.completed_at.is_(None),
    )


def _workflow_id() -> Any:
    return select(_w.workflow_id).where(_w.filename == bindparam("filename")).scalar_subquery()


@cache
def _forward() -> Any:
    earlier = rank_of(_w.current_status, STATUSES) < bindparam("rank")
    update = stf_workflows.update().where(_w.filename == bindparam("name"), earlier)
    return update.values(current_status=bindparam("to_status"), current_agent=bindparam("by"))


@cache
def _end() -> Any:
    update = stf_workflows.update().where(_w.filename == bindparam("name"), _w.completed_at.is_(None))
    return update.values(completed_at=given(_w.completed_at, "at"))


def _advance(connection: Connection, works: Sequence[StageWork], step: str) -> None:
    # the same order in all agents, so that two transactions never deadlock
    ordered = sorted(works, key=lambda work: work.filename)
    rows = [_step(work, f"{work.agent_type}_{step}") for work in ordered]
    known = [row for row in rows if row["rank"]]
    if known:
        connection.execute(_forward(), known)


def _step(work: StageWork, status: str) -> dict[str, Any]:
    rank = number_of(STATUSES, status)
    return {"name": work.filename, "to_status": status, "by": work.agent_type, "rank": rank}


def _workflow_row(new: NewStfWorkflow) -> dict[str, Any]:
    row = {name: getattr(new, name) for name in _GIVEN}
    row["workflow_id"] = uuid_from("workflow", new.filename)
    return row


def _stage_row(work: StageWork, step: str, now: datetime) -> dict[str, Any]:
    return {
        "filename": work.filename,
        "stage_id": uuid_from("stage", work.filename, work.agent_name, work.agent_type),
        "agent_name": work.agent_name,
        "agent_type": work.agent_type,
        "status": f"{work.agent_type}_{step}"[:30],
        "received_at": work.received_at,
        "started_at": now,
        "input_message": work.input_message,
    }


def _done_row(work: StageWork, now: datetime) -> dict[str, Any]:
    return {
        "completed_at": now,
        "processing_time_seconds": work.seconds,
        "output_message": work.output_message,
        "updated_at": now,
    }
