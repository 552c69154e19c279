"""`/workflow-executions/`: where agents find the parameters of what they take part in."""

from typing import Any

from ...database import Connection, definitions, executions
from ...database.records.workflows import Execution
from ..fields import Body, Field, Problems
from ..kinds import Anything, Document, Integer, Moment, Name, Text
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/workflow-executions"
FILTERS = ("status", "namespace", "executed_by", "workflow_name")
ENDED = ("completed", "failed", "terminated", "cancelled")
MOST = 1000
KEY = Field("execution_id", Name(100))
SHOWN = Shown(
    "WorkflowExecution",
    Execution,
    workflow_definition=(lambda row: row.workflow_definition_id, {"type": "integer"}),
)
NEW = Body(
    Field("execution_id", Name(100), required=True),
    Field("workflow_definition", Integer(1, 2**63 - 1), required=True),
    Field("namespace", Name(100), null=True),
    Field("status", Name(50), default="pending"),
    Field("executed_by", Name(100), required=True),
    Field("start_time", Moment()),
    Field("end_time", Moment(), null=True),
    Field("parameter_values", Document(), default=dict),
    Field("performance_metrics", Anything(), null=True),
    Field("execution_environment", Anything(), null=True),
    Field("error_message", Text(), null=True),
    Field("stack_trace", Text(), null=True),
)
CHANGE = NEW.partially("execution_id", "workflow_definition")


def create(connection: Connection, asked: Asked) -> Answer:
    """Store an execution; one of that id stays as it is."""
    row = {"start_time": asked.now, **asked.body}
    definition = row.pop("workflow_definition")
    if definitions.get(connection, definition) is None:
        raise Problems.of("workflow_definition", f'Invalid pk "{definition}" - object does not exist.')
    stored, made = executions.rows.ensure(connection, {**row, "workflow_definition_id": definition})
    return Answer(SHOWN(stored), 201 if made else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read an execution with all its columns."""
    return Answer(SHOWN(_known(connection, asked)))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change an execution; one that has ended never runs again, one that a runner holds is its runner's."""
    before = _known(connection, asked)
    changes = _allowed(before, asked.body)
    after = executions.rows.change(connection, before.execution_id, changes)
    return Answer(SHOWN(after or before))


def list_executions(connection: Connection, asked: Asked) -> Answer:
    """List executions, the newest first."""
    return listed(asked, executions.listed(connection, asked.filters(*FILTERS), asked.window), SHOWN)


def _known(connection: Connection, asked: Asked) -> Execution:
    found = executions.get(connection, asked.keys["execution_id"])
    if found is None:
        raise Problems.of("execution_id", "There is no execution of this id.")
    return found


def _allowed(before: Execution, changes: dict[str, Any]) -> dict[str, Any]:
    status = changes.get("status", before.status)
    if before.status in ENDED and status not in ENDED:
        return {name: value for name, value in changes.items() if name not in ("status", "end_time")}
    held = before.owner is not None and before.status == "running"
    if held and ("status" in changes or "end_time" in changes) and status != before.status:
        raise Problems.of("status", "A runner holds this execution: ask the runner to stop it.")
    return changes


OPERATIONS = (
    Operation("POST", BASE, create, "Store an execution", writes=True, body=NEW, row=SHOWN, made=True),
    Operation(
        "GET",
        BASE,
        list_executions,
        "List executions, the newest first",
        query=tuple(Field(name, Name(200)) for name in FILTERS),
        row=SHOWN,
        is_list=True,
        most=MOST,
    ),
    Operation("GET", f"{BASE}/{{execution_id:path}}", get, "Read an execution", keys=(KEY,), row=SHOWN),
    Operation(
        "PATCH",
        f"{BASE}/{{execution_id:path}}",
        change,
        "Change an execution",
        writes=True,
        body=CHANGE,
        keys=(KEY,),
        row=SHOWN,
    ),
)
