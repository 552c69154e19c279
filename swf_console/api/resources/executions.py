"""`/workflow-executions/`: executions and their parameters."""

from typing import Annotated, Any

from pydantic import MISSING, Field

from ...backend.database import Connection, definitions, executions
from ...backend.database.records.workflows import Execution
from ..operation import Operation, Request, Response, existing, list_response
from ..schemas import (
    LARGEST_BIG,
    Document,
    Integer,
    Name,
    Problems,
    RequestSchema,
    ResponseRow,
    ShortText,
    Text,
    Timestamp,
)
from .namespaces import check_usable

BASE = "/api/workflow-executions"
ENDED = ("completed", "failed", "terminated", "cancelled")
MAX_ROWS = 1000
ROW = ResponseRow(
    "WorkflowExecution", Execution, workflow_definition=(int, lambda row: row.workflow_definition_id)
)


class ExecutionKey(RequestSchema):
    execution_id: Name


class ExecutionCreate(RequestSchema):
    """An execution to store."""

    execution_id: Name
    workflow_definition: Annotated[int, Integer(1, LARGEST_BIG)]
    namespace: Name | MISSING | None = MISSING
    status: Annotated[str, ShortText(50)] = "pending"
    executed_by: Name
    start_time: Timestamp | MISSING = MISSING
    end_time: Timestamp | MISSING | None = MISSING
    parameter_values: Document = Field(default_factory=dict)
    performance_metrics: Any | MISSING = MISSING
    execution_environment: Any | MISSING = MISSING
    error_message: Text | MISSING | None = MISSING
    stack_trace: Text | MISSING | None = MISSING


class ExecutionQuery(RequestSchema):
    status: Annotated[str, ShortText(200)] | MISSING = MISSING
    namespace: Annotated[str, ShortText(200)] | MISSING = MISSING
    executed_by: Annotated[str, ShortText(200)] | MISSING = MISSING
    workflow_name: Annotated[str, ShortText(200)] | MISSING = MISSING


ExecutionUpdate = ExecutionCreate.changes("ExecutionUpdate", "execution_id", "workflow_definition")


def create(connection: Connection, request: Request) -> Response:
    """Store an execution; an existing one of that id is not changed."""
    if (namespace := request.body.get("namespace")) is not None:
        check_usable(namespace, "namespace")
    row = {"start_time": request.now, **request.body}
    definition = row.pop("workflow_definition")
    if definitions.get(connection, definition) is None:
        raise Problems.of("workflow_definition", f'Invalid pk "{definition}" - object does not exist.')
    stored, created = executions.rows.ensure(connection, {**row, "workflow_definition_id": definition})
    return Response(ROW(stored), 201 if created else 200)


def get(connection: Connection, request: Request) -> Response:
    """Read an execution with all its columns."""
    return Response(ROW(_known(connection, request)))


def change(connection: Connection, request: Request) -> Response:
    """Change an execution; an ended one stays ended, and only its owner ends a running one."""
    before = _known(connection, request)
    changes = _allowed(before, request.body)
    after = executions.rows.change(connection, before.execution_id, changes)
    return Response(ROW(after or before))


def list_executions(connection: Connection, request: Request) -> Response:
    """List executions, the newest first."""
    return list_response(request, executions.listed(connection, request.filters(), request.window), ROW)


def _known(connection: Connection, request: Request) -> Execution:
    execution_id = request.keys["execution_id"]
    found = executions.get(connection, execution_id)
    return existing(found, "execution_id", f"Execution not found: {execution_id}")


def _allowed(before: Execution, changes: dict[str, Any]) -> dict[str, Any]:
    status = changes.get("status", before.status)
    if before.status in ENDED and status not in ENDED:
        return {name: value for name, value in changes.items() if name not in ("status", "end_time")}
    held = before.owner is not None and before.status == "running"
    if held and ("status" in changes or "end_time" in changes) and status != before.status:
        raise Problems.of("status", "A runner owns this execution: request the stop from the runner.")
    return changes


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Store an execution", writes=True, body=ExecutionCreate, row=ROW, creates=True
    ),
    Operation(
        "GET",
        BASE,
        list_executions,
        "List executions, the newest first",
        query=ExecutionQuery,
        row=ROW,
        is_list=True,
        max_rows=MAX_ROWS,
    ),
    Operation("GET", f"{BASE}/{{execution_id:path}}", get, "Read an execution", keys=ExecutionKey, row=ROW),
    Operation(
        "PATCH",
        f"{BASE}/{{execution_id:path}}",
        change,
        "Change an execution",
        writes=True,
        body=ExecutionUpdate,
        keys=ExecutionKey,
        row=ROW,
    ),
)
