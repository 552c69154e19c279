"""`/state/`: unique numbers for agents, runs and executions."""

from typing import Annotated, Literal

from pydantic import MISSING, BaseModel

from ...backend.database import Connection, sequences
from ..operation import Operation, Request, Response
from ..schemas import RequestSchema, ShortText

BASE = "/api/state"


class NextAgent(BaseModel):
    """An agent's number."""

    status: Literal["success"]
    agent_id: int


class NextRun(BaseModel):
    """A run number."""

    status: Literal["success"]
    run_number: int


class ExecutionWanted(RequestSchema):
    """The workflow of the execution that gets the number."""

    workflow_name: Annotated[str, ShortText(200, blank=True)] | MISSING = MISSING


class NextExecution(BaseModel):
    """An execution's number."""

    status: Literal["success"]
    sequence: int
    workflow_name: str


def next_agent(connection: Connection, _request: Request) -> Response:
    """Draw an agent's number."""
    return Response({"status": "success", "agent_id": sequences.next_agent_number(connection)})


def next_run(connection: Connection, _request: Request) -> Response:
    """Draw a run number."""
    return Response({"status": "success", "run_number": sequences.next_run_number(connection)})


def next_execution(connection: Connection, request: Request) -> Response:
    """Draw an execution's number; all workflows share one counter."""
    number = sequences.next_execution_number(connection)
    return Response(
        {"status": "success", "sequence": number, "workflow_name": request.body.get("workflow_name", "")}
    )


OPERATIONS = (
    Operation(
        "POST",
        f"{BASE}/next-agent-id",
        next_agent,
        "Draw the next agent number",
        writes=True,
        row=NextAgent,
        status_in_body=True,
    ),
    Operation(
        "POST",
        f"{BASE}/next-run-number",
        next_run,
        "Draw the next run number",
        writes=True,
        row=NextRun,
        status_in_body=True,
    ),
    Operation(
        "POST",
        f"{BASE}/next-workflow-execution-id",
        next_execution,
        "Draw the next execution number",
        writes=True,
        body=ExecutionWanted,
        row=NextExecution,
        status_in_body=True,
    ),
)
