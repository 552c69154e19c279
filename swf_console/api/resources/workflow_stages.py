"""`/workflows/` and `/workflow-stages/`: the processing of each STF, and the stage of each agent in it."""

from typing import Annotated, Any

from pydantic import MISSING, Field

from ...backend.database import Connection, stf_workflows
from ...backend.database.records.processing import Stage, StfWorkflow
from ..operation import Operation, Request, Response, existing, list_response
from ..schemas import (
    FileName,
    Identifier,
    Name,
    Number,
    Problems,
    RequestSchema,
    ResponseRow,
    ShortText,
    Text,
    Timestamp,
    Word,
)

WORKFLOWS = "/api/workflows"
STAGES = "/api/workflow-stages"
WORKFLOW_ROW = ResponseRow("StfWorkflow", StfWorkflow)
STAGE_ROW = ResponseRow("WorkflowStage", Stage, workflow=(str, lambda row: row.workflow_id))
Status = Annotated[str, ShortText(30)]


class WorkflowKey(RequestSchema):
    workflow_id: Identifier


class WorkflowQuery(RequestSchema):
    filename: FileName | MISSING = MISSING
    namespace: Name | MISSING = MISSING
    execution_id: Name | MISSING = MISSING
    run_id: Annotated[str, ShortText(50)] | MISSING = MISSING
    current_status: Status | MISSING = MISSING


class StageKey(RequestSchema):
    stage_id: Identifier


class StageCreate(RequestSchema):
    """The stage of an agent in the processing of an STF, given by `workflow` or by `input_filename`."""

    workflow: Identifier | MISSING = MISSING
    input_filename: FileName | MISSING = MISSING
    agent_name: Name
    agent_type: Word
    status: Status = "generated"
    received_at: Timestamp | MISSING | None = MISSING
    started_at: Timestamp | MISSING | None = MISSING
    completed_at: Timestamp | MISSING | None = MISSING
    failed_at: Timestamp | MISSING | None = MISSING
    processing_time_seconds: Number | MISSING | None = MISSING
    failure_reason: Text | MISSING | None = MISSING
    input_message: Any | MISSING = MISSING
    output_message: Any | MISSING = MISSING
    stage_metadata: Any | MISSING = MISSING
    task_metadata: Any | MISSING = Field(MISSING, description="Alias of stage_metadata")
    output_metadata: Any | MISSING = Field(MISSING, description="Alias of output_message")


class StageQuery(RequestSchema):
    workflow: Identifier | MISSING = MISSING
    agent_name: Name | MISSING = MISSING
    agent_type: Word | MISSING = MISSING
    status: Status | MISSING = MISSING


StageUpdate = StageCreate.changes("StageUpdate", "workflow", "input_filename", "agent_name", "agent_type")
ALIASES = {"task_metadata": "stage_metadata", "output_metadata": "output_message"}


def list_workflows(connection: Connection, request: Request) -> Response:
    """List the processing of STFs, the newest first."""
    found = stf_workflows.workflow_rows.listed(connection, request.filters(), request.window)
    return list_response(request, found, WORKFLOW_ROW)


def get_workflow(connection: Connection, request: Request) -> Response:
    """Read the processing of an STF."""
    key = request.keys["workflow_id"]
    found = stf_workflows.workflow_rows.get(connection, key)
    return Response(WORKFLOW_ROW(existing(found, "workflow_id", f"Workflow not found: {key}")))


def create(connection: Connection, request: Request) -> Response:
    """Store a stage; an existing one of that agent is not changed."""
    row = _columns(request.body)
    given, filename = row.pop("workflow", None), row.pop("input_filename", None)
    if given is not None:
        found = stf_workflows.workflow_rows.get(connection, given)
    else:
        found = stf_workflows.find(connection, filename) if filename else None
    if found is None:
        text = f'Invalid pk "{given}" - object does not exist.' if given else "This field is required."
        raise Problems.of("workflow", text)
    stored, created = stf_workflows.ensure_stage(connection, {**row, "workflow_id": found.workflow_id})
    return Response(STAGE_ROW(stored), 201 if created else 200)


def get(connection: Connection, request: Request) -> Response:
    """Read a stage."""
    key = request.keys["stage_id"]
    found = stf_workflows.stage_rows.get(connection, key)
    return Response(STAGE_ROW(existing(found, "stage_id", f"Stage not found: {key}")))


def change(connection: Connection, request: Request) -> Response:
    """Change a stage."""
    key = request.keys["stage_id"]
    found = stf_workflows.stage_rows.change(connection, key, _columns(request.body))
    return Response(STAGE_ROW(existing(found, "stage_id", f"Stage not found: {key}")))


def list_stages(connection: Connection, request: Request) -> Response:
    """List stages, the oldest first."""
    found = stf_workflows.stage_rows.listed(connection, request.filters(), request.window)
    return list_response(request, found, STAGE_ROW)


def _columns(body: dict[str, Any]) -> dict[str, Any]:
    return {ALIASES.get(name, name): value for name, value in body.items()}


OPERATIONS = (
    Operation(
        "POST", STAGES, create, "Store a stage", writes=True, body=StageCreate, row=STAGE_ROW, creates=True
    ),
    Operation("GET", STAGES, list_stages, "List stages", query=StageQuery, row=STAGE_ROW, is_list=True),
    Operation("GET", f"{STAGES}/{{stage_id}}", get, "Read a stage", keys=StageKey, row=STAGE_ROW),
    Operation(
        "PATCH",
        f"{STAGES}/{{stage_id}}",
        change,
        "Change a stage",
        writes=True,
        body=StageUpdate,
        keys=StageKey,
        row=STAGE_ROW,
    ),
    Operation(
        "GET",
        WORKFLOWS,
        list_workflows,
        "List the processing of STFs",
        query=WorkflowQuery,
        row=WORKFLOW_ROW,
        is_list=True,
    ),
    Operation(
        "GET",
        f"{WORKFLOWS}/{{workflow_id}}",
        get_workflow,
        "Read the processing of an STF",
        keys=WorkflowKey,
        row=WORKFLOW_ROW,
    ),
)
