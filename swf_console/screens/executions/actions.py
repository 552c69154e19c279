"""Actions on an execution: run again, export."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from ...actions.registry import action_of
from ...backend.core.sanitize import brief
from ...backend.services.executions.rerun import rerun_of
from ...viewmodels.executions.export import export_execution
from ...widgets.worker import BlockingCall
from ..base.host import ActionHost, host_of
from ..base.polling import cause_of

if TYPE_CHECKING:
    from ...backend.database.records.workflows import ExecutionSummary
    from ...backend.services.executions.rerun import Rerun
    from ...viewmodels.context import ConsoleContext

SCREEN = "executions"


class ExecutionActions:
    """Asks first, then runs the action through the host of `owner`.

    `started` is called with the id of a new execution.
    """

    def __init__(
        self,
        owner: Widget,
        context: "ConsoleContext",
        reading: BlockingCall,
        started: Callable[[str], None],
    ) -> None:
        self._owner, self._context, self._reading = owner, context, reading
        self._started = started

    @property
    def _host(self) -> ActionHost:
        return host_of(self._owner)

    def rerun(self, execution: "ExecutionSummary | None") -> None:
        """Run it again with the same parameters in this namespace; the question lists the differences."""
        host = self._host
        if not self._may_change("rerun"):
            return
        if execution is None:
            host.say("no execution to run again", bad=True)
            return
        execution_id = execution.execution_id
        namespace = self._context.namespace or execution.namespace

        def read() -> "Rerun":
            database = self._context.database()
            return rerun_of(self._context.settings, database, execution_id, namespace=namespace)

        def ask(rerun: "Rerun") -> None:
            where = f"in {brief(namespace or '-', 60)}"
            changes = "".join(f" Different: {brief(warning, 100)}." for warning in rerun.warnings[:2])
            host.ask(f"Run {brief(execution_id, 60)} again {where}?{changes}", lambda: start(rerun))

        def start(rerun: "Rerun") -> None:
            command = shlex.join(["executions", "rerun", execution_id, "--namespace", str(namespace)])
            action = action_of("rerun", SCREEN)
            host.record(
                action,
                command,
                lambda: self._context.local_executions.start(rerun.request),
                self._run_started,
            )

        # the question needs the differences, which are in the database
        self._reading.start(read, ask, lambda error: host.say(cause_of(error), bad=True))

    def export(self, execution_id: str | None) -> None:
        """Write the execution with all its records as JSON."""
        if execution_id is None:
            self._host.say("no execution to export", bad=True)
            return

        def export() -> str:
            return export_execution(self._context, execution_id)

        command = f"export {shlex.quote(execution_id)} --output {shlex.quote(f'{execution_id}.json')}"
        self._host.record(action_of("export", SCREEN), command, export)

    def _run_started(self, execution_id: object) -> None:
        if isinstance(execution_id, str):
            self._started(execution_id)

    def _may_change(self, name: str) -> bool:
        """Whether writes are allowed; shows why not."""
        host = self._host
        if not host.writable:
            host.say(f"{action_of(name, SCREEN).title}: refused, {host.refusal}", bad=True)
        return host.writable
