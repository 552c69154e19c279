"""What is done to an execution from its screen: stopped, run again, exported."""

import shlex
from typing import TYPE_CHECKING

from ..actions import action_of
from ..widgets.background import Background
from ..widgets.harmless import brief
from .execution_views import ExecutionViews
from .host import host_of
from .polling import cause_of

if TYPE_CHECKING:
    from ..backend.operations.console.services import ConsoleServices
    from ..backend.operations.rerunning import Rerun

SCREEN = "executions"


class ExecutionActions(ExecutionViews):
    """What is done to the execution under the cursor, or to the one that is open."""

    def __init__(self, services: "ConsoleServices") -> None:
        super().__init__(services)
        self.asking = Background(self, "executions")

    def action_stop(self) -> None:
        """Stop the execution; in another's namespace a dialog asks, else a line."""
        host, execution = host_of(self), self.execution
        if not self._may("stop"):
            return
        if execution is None:
            host.say("There is no execution here to stop")
            return
        execution_id = execution.execution_id
        if execution.status != "running":
            host.say(f"{brief(execution_id, 100)} does not run: it is {brief(execution.status, 20)}")
            return

        def stop() -> str:
            from ..backend.operations.stopping import stop_execution

            stopped = stop_execution(self.services.settings, self.services.database(), execution_id)
            return f"{stopped.status} after {stopped.seconds:.1f} s"

        def go() -> None:
            command = f"executions stop {shlex.quote(execution_id)}"
            host.record(action_of("stop", SCREEN), command, stop, lambda _: self.refresh_now())

        if execution.namespace == self.services.namespace:
            host.ask(f"Stop {brief(execution_id, 100)}?", go)
        else:
            whose = brief(execution.namespace or "-", 60)
            title = f"Stop an execution in namespace {whose}, which is not this one"
            host.confirm_many(title, [brief(execution_id, 200)], go)

    def _may(self, name: str) -> bool:
        """Whether something may be changed; says so where not, before anything is asked."""
        host = host_of(self)
        if not host.writable:
            host.say(f"{action_of(name, SCREEN).title}: refused, {host.refusal}", bad=True)
        return host.writable

    def action_rerun(self) -> None:
        """Run it again with the same parameters, in this namespace; say first what will not be the same."""
        host, execution = host_of(self), self.execution
        if not self._may("rerun"):
            return
        if execution is None:
            host.say("There is no execution here to run again")
            return
        execution_id = execution.execution_id
        namespace = self.services.namespace or execution.namespace

        def read() -> "Rerun":
            from ..backend.operations.rerunning import rerun_of

            database = self.services.database()
            return rerun_of(self.services.settings, database, execution_id, namespace=namespace)

        def ask(rerun: "Rerun") -> None:
            where = f"in {brief(namespace or '-', 60)}"
            not_same = "".join(f" Not the same: {brief(warning, 100)}." for warning in rerun.warnings[:2])
            host.ask(f"Run {brief(execution_id, 60)} again {where}?{not_same}", lambda: begin(rerun))

        def begin(rerun: "Rerun") -> None:
            command = shlex.join(["executions", "rerun", execution_id, "--namespace", str(namespace)])
            action = action_of("rerun", SCREEN)
            host.record(action, command, lambda: self.services.runs.start(rerun.request), self._begun)

        self.asking.start(read, ask, lambda error: host.say(cause_of(error), bad=True))

    def _begun(self, execution_id: object) -> None:
        if isinstance(execution_id, str):
            self.open_alone(execution_id)

    def action_export(self) -> None:
        """Write the execution and all that belongs to it as JSON."""
        host, execution_id = host_of(self), self.execution_id
        if execution_id is None:
            host.say("There is no execution here to export")
            return

        def export() -> str:
            from ..backend.operations.console.exports import export_execution

            return export_execution(self.services, execution_id)

        command = f"export {shlex.quote(execution_id)} --output {shlex.quote(f'{execution_id}.json')}"
        host.record(action_of("export", SCREEN), command, export)
