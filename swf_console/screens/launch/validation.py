"""Checks of a request in the background: composition, dry run, missing agents; and the start of the run."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget

from ...actions.registry import action_of
from ...backend.core.sanitize import brief
from ...widgets.text.notice import Notice
from ...widgets.worker import LatestCall
from ..base.host import ActionHost, Then, host_of
from ..base.polling import cause_of

if TYPE_CHECKING:
    from ...backend.services.executions.request import RunRequest
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.executions.launch import CheckedRequest, Forecast

OUTDATED = "another request is checked"


class RequestCheck:
    """Checks one request after the other; the results of older requests are dropped.

    `checked` is called with each request and its composition, `changed` when another result arrives.
    """

    def __init__(
        self,
        owner: Widget,
        context: "ConsoleContext",
        checked: "Callable[[RunRequest, CheckedRequest], None]",
        changed: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._context = context
        self._checked, self._changed, self._failed = checked, changed, failed
        self.forecast: Forecast | None = None
        self.missing: tuple[str, ...] = ()
        self.trouble = ""
        self._stop_dry_run: Callable[[str], object] = str
        self._checks: LatestCall[tuple[RunRequest, CheckedRequest]] = LatestCall(owner, "check")
        self._forecasts: LatestCall[Forecast] = LatestCall(owner, "forecast")
        self._missings: LatestCall[tuple[str, ...]] = LatestCall(owner, "missing")

    @property
    def busy(self) -> bool:
        """Whether the newest request has not been composed yet."""
        return self._checks.busy

    def forget(self) -> None:
        """Drop the forecast of the previous request."""
        self.forecast = None

    def ask(self, request: "RunRequest", *, here: bool) -> None:
        """Compose the request; if it is valid, forecast it."""
        from ...viewmodels.executions import launch

        settings = self._context.settings
        self._checks.submit(
            lambda: (request, launch.check(settings, request)),
            lambda answer: self._was_checked(*answer, here=here),
            self._failed,
        )

    def _was_checked(self, request: "RunRequest", checked: "CheckedRequest", *, here: bool) -> None:
        if not checked.problems:
            self.predict(request, here=here)
        self._checked(request, checked)

    def predict(self, request: "RunRequest", *, here: bool) -> None:
        """Forecast the request with a dry run, and find needed agents that are not running."""
        from ...viewmodels.executions import launch

        settings = self._context.settings
        # a dry run of an earlier request would take the interpreter's time from this one
        self.close()
        stop = launch.new_dry_run()
        self._stop_dry_run = stop.request
        self._forecasts.submit(
            lambda: launch.forecast(settings, request, stop), self._was_predicted, self._failed
        )
        self._missings.submit(
            lambda: launch.missing_programs(self._context, request, here=here),
            self._are_missing,
            self._missing_unknown,
        )

    def close(self) -> None:
        """Stop a running dry run."""
        self._stop_dry_run(OUTDATED)

    def _was_predicted(self, forecast: "Forecast") -> None:
        self.forecast = forecast
        self._changed()

    def _are_missing(self, missing: tuple[str, ...]) -> None:
        self.missing, self.trouble = missing, ""
        self._changed()

    def _missing_unknown(self, error: Exception) -> None:
        self.missing, self.trouble = (), f"cannot read which agents are running: {cause_of(error)}"
        self._changed()


class RunStarter:
    """Starts one thing at a time; errors are shown in `notice` as well as on the action line."""

    def __init__(self, owner: Widget, context: "ConsoleContext", notice: Notice) -> None:
        self._owner, self._context, self._notice = owner, context, notice
        self._starting = False

    @property
    def may_start(self) -> bool:
        """Whether something can be started now; shows the reason if writes are refused."""
        host: ActionHost = host_of(self._owner)
        if not host.writable:
            self._notice.say(host.refusal, color="bad")
        return host.writable and not self._starting

    def run(self, request: "RunRequest", workflow: str, then: Then, *, here: bool) -> None:
        """Start the run."""
        from ...viewmodels.executions import launch

        command = launch.command_line(request, workflow, here=here)
        call = partial(launch.launch, self._context, request, here=here)
        self._start("start", request.configuration or workflow, command, call, then)

    def start_missing(
        self, request: "RunRequest", missing: tuple[str, ...], then: Then, *, here: bool
    ) -> None:
        """Start the agents that the run needs."""
        from ...viewmodels.executions import launch

        names = " ".join(missing)
        call = partial(launch.start_missing, self._context, request, here=here)
        self._start("start_missing", names, f"swf-console agents start {names}", call, then)

    def _start(self, name: str, what: str, command: str, call: Callable[[], str], then: Then) -> None:
        self._starting = True
        self._notice.say(f"starting {what} ...")

        def done(answer: object) -> None:
            self._starting = False
            self._notice.say()
            then(answer)

        action = action_of(name, "launch")
        host_of(self._owner).record(action, command, partial(self._run_call, call), done)

    def _run_call(self, call: Callable[[], str]) -> str:
        """Runs in a worker thread; an error is shown in the form too, since it covers the action line."""
        try:
            return call()
        except Exception as error:
            # the form covers the action line, where the error is shown too
            self._owner.call_later(self._failed, error)
            raise

    def _failed(self, error: Exception) -> None:
        self._starting = False
        self._notice.say(brief(cause_of(error)), color="bad")
