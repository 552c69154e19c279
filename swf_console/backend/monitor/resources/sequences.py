"""`/state/`: numbers that are drawn once."""

from ...database import Connection, sequences
from ..fields import Body, Field
from ..kinds import Name
from ..operation import Answer, Asked, Operation
from ..shown import Told

BASE = "/api/state"
SUCCESS = {"type": "string", "const": "success"}
NUMBER = {"type": "integer"}


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
        row=Told("NextAgent", status=SUCCESS, agent_id=NUMBER),
        says_status=True,
    ),
    Operation(
        "POST",
        f"{BASE}/next-run-number",
        next_run,
        "Draw the next run number",
        writes=True,
        row=Told("NextRun", status=SUCCESS, run_number=NUMBER),
        says_status=True,
    ),
    Operation(
        "POST",
        f"{BASE}/next-workflow-execution-id",
        next_execution,
        "Draw the next execution number",
        writes=True,
        body=Body(Field("workflow_name", Name(200, blank=True))),
        row=Told("NextExecution", status=SUCCESS, sequence=NUMBER, workflow_name={"type": "string"}),
        says_status=True,
    ),
)
