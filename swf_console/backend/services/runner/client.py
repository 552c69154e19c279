"""Asking a persistent runner: a command onto the queue, and its answer."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from ...database import open_database
from ...errors import TimedOut
from ...messaging.client import request
from ...settings import Settings
from ..executions.outbox import DatabaseOutbox
from .protocol import CONTROL_QUEUE

REPLY_TOPIC = "/topic/workflow_control.replies"


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
