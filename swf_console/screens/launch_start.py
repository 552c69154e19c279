"""Beginning what the launch form asks for: the run, or the agents that it needs."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget

from ..actions import action_of
from ..widgets.harmless import brief
from ..widgets.notice import Notice
from .host import ActionHost, Then, host_of
from .polling import cause_of

if TYPE_CHECKING:
    from ..backend.operations.console.services import ConsoleServices
    from ..backend.services.executions.request import RunRequest


class Starter:
    """One thing is begun at a time; what goes wrong is said in `notice` too, not only on the action line."""

    def __init__(self, owner: Widget, services: "ConsoleServices", notice: Notice) -> None:
        self._owner, self._services, self._notice = owner, services, notice
        self._under_way = False

    @property
    def may(self) -> bool:
        """Whether something can be begun now; says so where read-only forbids it."""
        host: ActionHost = host_of(self._owner)
        if not host.writable:
            self._notice.say(host.refusal, tone="bad")
        return host.writable and not self._under_way

    def run(self, request: "RunRequest", workflow: str, then: Then, *, here: bool) -> None:
        """Begin the run."""
        from ..backend.operations.console import launching

        command = launching.command_line(request, workflow, here=here)
        call = partial(launching.launch, self._services, request, here=here)
        self._begin("start", request.configuration or workflow, command, call, then)

    def start_missing(
        self, request: "RunRequest", missing: tuple[str, ...], then: Then, *, here: bool
    ) -> None:
        """Start what the run needs."""
        from ..backend.operations.console import launching

        names = " ".join(missing)
        call = partial(launching.start_missing, self._services.settings, request, here=here)
        self._begin("start_missing", names, f"swf-console agents start {names}", call, then)

    def _begin(self, name: str, what: str, command: str, call: Callable[[], str], then: Then) -> None:
        self._under_way = True
        self._notice.say(f"starting {what} ...")

        def done(answer: object) -> None:
            self._under_way = False
            self._notice.say()
            then(answer)

        action = action_of(name, "launch")
        host_of(self._owner).record(action, command, partial(self._telling, call), done)

    def _telling(self, call: Callable[[], str]) -> str:
        """Runs in a worker thread."""
        try:
            return call()
        except Exception as error:
            self._owner.call_later(self._failed, error)
            raise

    def _failed(self, error: Exception) -> None:
        self._under_way = False
        self._notice.say(brief(cause_of(error)), tone="bad")
