"""Asking a persistent runner: a command onto the queue, and its answer."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from ...core.errors import Refused, TimedOut
from ...core.settings import Settings
from ...database import open_database
from ...messaging.client import request
from ..executions.outbox import DatabaseOutbox
from ..executions.request import Prepared
from .protocol import CONTROL_QUEUE, run_command

ANSWER_SECONDS = 10.0
REPLY_TOPIC = "/topic/workflow_control.replies"


def submit(settings: Settings, prepared: Prepared, timeout: float = ANSWER_SECONDS) -> str:
    """Have a runner execute it; returns the execution's id as soon as it is accepted.

    Raises BrokerUnreachable, TimedOut where no runner answers, Refused where it refuses.
    """
    answer = ask_runner(settings, run_command(prepared.request, prepared.namespace), timeout)
    if not answer.get("accepted"):
        said = "; ".join(map(str, answer.get("problems") or [answer.get("reason")]))
        raise Refused(f"the runner refused: {said}")
    return str(answer.get("execution_id"))


def ask_runner(settings: Settings, content: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    """Send a command and return the answer; BrokerUnreachable, or TimedOut after `timeout` seconds."""
    with ExitStack() as opened:

        def outbox() -> DatabaseOutbox:
            database = open_database(settings.database_url)
            opened.callback(database.close)
            return DatabaseOutbox(database)

        answer = request(
            settings,
            outbox,
            CONTROL_QUEUE,
            content,
            reply_to=lambda _: f"{REPLY_TOPIC}.{settings.user}",
            timeout=timeout,
        )
    if answer is None:
        raise TimedOut(
            f"no runner of namespace {content.get('namespace')} answered within {timeout:g} s",
            "The command waits in the queue; start one: swf-console runner",
        )
    return answer
