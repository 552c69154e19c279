"""`/state/`: numbers that are drawn once."""

from typing import Annotated, Literal

from pydantic import MISSING, BaseModel

from ...backend.database import Connection, sequences
from ..operation import Answer, Asked, Operation
from ..schemas import Line, Schema

BASE = "/api/state"


class NextAgent(BaseModel):
    """An agent's number."""

    status: Literal["success"]
    agent_id: int


class NextRun(BaseModel):
    """A run number."""

    status: Literal["success"]
    run_number: int


class ExecutionWanted(Schema):
    """Which workflow an execution is numbered for."""

    workflow_name: Annotated[str, Line(200, blank=True)] | MISSING = MISSING


class NextExecution(BaseModel):
    """An execution's number."""

    status: Literal["success"]
    sequence: int
    workflow_name: str


def next_agent(connection: Connection, _asked: Asked) -> Answer:
    """Draw an agent's number."""
    return Answer({"status": "success", "agent_id": sequences.next_agent_number(connection)})


def next_run(connection: Connection, _asked: Asked) -> Answer:
    """Draw a run number."""
    return Answer({"status": "success", "run_number": sequences.next_run_number(connection)})


def next_execution(connection: Connection, asked: Asked) -> Answer:
    """Draw an execution's number; one counter for all workflows."""
    number = sequences.next_execution_number(connection)
    return Answer(
        {"status": "success", "sequence": number, "workflow_name": asked.body.get("workflow_name", "")}
    )


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/next-agent-id",
        next_agent,
        "Draw the next agent number",
        writes=True,
        row=NextAgent,
        says_status=True,
    ),
    Operation(
        "POST",
        f"{BASE}/next-run-number",
        next_run,
        "Draw the next run number",
        writes=True,
        row=NextRun,
        says_status=True,
    ),
    Operation(
        "POST",
        f"{BASE}/next-workflow-execution-id",
        next_execution,
        "Draw the next execution number",
        writes=True,
        body=ExecutionWanted,
        row=NextExecution,
        says_status=True,
    ),
)
