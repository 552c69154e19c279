"""Client of a persistent runner: sends a command to the control queue and returns the reply."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from ...core.destinations import CONTROL_QUEUE
from ...core.errors import Refused, TimedOut
from ...core.settings import Settings
from ...database import Database, agents, open_database
from ...database.records.agents import AgentFilter
from ...messaging.client import request, requester_of
from ...messaging.replies import WORKFLOW_CONTROL, reply_topic
from ..agents.snapshot import SILENT
from ..executions.outbox import DatabaseOutbox
from ..executions.registration import IDLE_TYPE
from ..executions.request import Prepared
from .protocol import checked_request_id, new_request_id, run_command

ANSWER_SECONDS = 10.0


def submit(
    settings: Settings,
    prepared: Prepared,
    timeout: float = ANSWER_SECONDS,
    *,
    request_id: str | None = None,
    waiting: Callable[[], bool] | None = None,
) -> str:
    """Request the execution from a runner; returns its id as soon as it is accepted.

    A `request_id` that was sent before returns the id of the execution that it started. After `timeout`
    seconds it still waits while `waiting` returns true.

    Raises BrokerUnreachable, TimedOut without a reply, Refused if the runner refuses.
    """
    chosen = new_request_id() if request_id is None else checked_request_id(request_id)
    command = run_command(prepared.request, prepared.namespace, chosen)
    answer = send_command(settings, command, timeout, waiting=waiting)
    if not answer.get("accepted"):
        said = "; ".join(map(str, answer.get("problems") or [answer.get("reason")]))
        raise Refused(f"the runner refused: {said}")
    return str(answer.get("execution_id"))


def is_running(database: Database, namespace: str) -> bool:
    """Whether a runner of that namespace has sent a heartbeat lately; blocks."""
    wanted = AgentFilter(namespace=namespace, since=datetime.now(UTC) - SILENT)
    with database.read() as connection:
        found = agents.page(connection, wanted).items
    # while it executes its type is the workflow's; its name stays the one it was registered with
    return any(
        one.instance_name.startswith(f"{IDLE_TYPE}-agent-") and one.operational_state != "EXITED"
        for one in found
    )


def send_command(
    settings: Settings,
    content: Mapping[str, Any],
    timeout: float,
    *,
    waiting: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Send a command and return the reply; BrokerUnreachable, or TimedOut after `timeout` seconds."""
    source = requester_of(settings)
    with ExitStack() as opened:

        def outbox() -> DatabaseOutbox:
            database = open_database(settings.database_url)
            opened.callback(database.close)
            return DatabaseOutbox(database)

        answer = request(
            settings,
            outbox,
            CONTROL_QUEUE,
            {**content, "source": source},
            reply_to=lambda _: reply_topic(WORKFLOW_CONTROL, source),
            timeout=timeout,
            waiting=waiting,
        )
    if answer is None:
        request_id = content.get("request_id")
        again = f". To ask again without a second run: --request-id {request_id}" if request_id else ""
        raise TimedOut(
            f"no runner of namespace {content.get('namespace')} answered within {timeout:g} s",
            f"The command stays in the queue. Start a runner: swf-console runner{again}",
        )
    return answer
