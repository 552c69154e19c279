"""Stopping an execution, with the same question on every screen that shows executions."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from ...actions.registry import action_of
from ...backend.core.sanitize import brief
from ..base.host import host_of

if TYPE_CHECKING:
    from ...backend.database.records.workflows import ExecutionSummary
    from ...viewmodels.context import ConsoleContext


def ask_to_stop(
    owner: Widget,
    context: "ConsoleContext",
    screen: str,
    execution: "ExecutionSummary | None",
    stopped: Callable[[], None],
) -> None:
    """Stop it once the user confirms: on the bottom line, or in a dialog if it is in another namespace."""
    host, action = host_of(owner), action_of("stop", screen)
    if not host.writable:
        host.say(f"{action.title}: refused, {host.refusal}", bad=True)
        return
    if execution is None:
        host.say("no execution to stop", bad=True)
        return
    execution_id = execution.execution_id
    if execution.status != "running":
        host.say(f"{brief(execution_id, 100)} is not running (status: {brief(execution.status, 20)})")
        return

    def stop() -> str:
        from ...backend.services.executions.stop import stop_execution

        done = stop_execution(context.settings, context.database(), execution_id)
        return f"{done.status} after {done.seconds:.1f} s"

    def go() -> None:
        host.record(action, f"executions stop {shlex.quote(execution_id)}", stop, lambda _: stopped())

    if execution.namespace == context.namespace:
        host.ask(f"Stop {brief(execution_id, 100)}?", go)
    else:
        title = f"Stop an execution in another namespace: {brief(execution.namespace or '-', 60)}?"
        host.confirm_many(title, [brief(execution_id, 200)], go)
