"""What a request for a run comes to, found in the background: composed, rehearsed, and what it needs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from ..widgets.latest import Latest
from .polling import cause_of

if TYPE_CHECKING:
    from ..backend.operations.console.launching import Checked, Forecast
    from ..backend.operations.console.services import ConsoleServices
    from ..backend.services.executions.request import RunRequest

OUTDATED = "not wanted any more"


class RequestCheck:
    """Asks about one request after the other; a newer one makes the answers to those before unwanted.

    `checked` is called with each request and what it is composed to, `changed` when something else is known.
    """

    def __init__(
        self,
        owner: Widget,
        services: "ConsoleServices",
        checked: "Callable[[RunRequest, Checked], None]",
        changed: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._services = services
        self._checked, self._changed, self._failed = checked, changed, failed
        self.forecast: Forecast | None = None
        self.missing: tuple[str, ...] = ()
        self.trouble = ""
        self._end_rehearsal: Callable[[str], object] = str
        self._checks: Latest[tuple[RunRequest, Checked]] = Latest(owner, "check")
        self._forecasts: Latest[Forecast] = Latest(owner, "forecast")
        self._missings: Latest[tuple[str, ...]] = Latest(owner, "missing")

    @property
    def busy(self) -> bool:
        """Whether the newest request has not been composed yet."""
        return self._checks.busy

    def forget(self) -> None:
        """Another request comes: what was predicted is not of it."""
        self.forecast = None

    def ask(self, request: "RunRequest", *, here: bool) -> None:
        """Compose it; where it is good also rehearse it, and look what it needs."""
        from ..backend.operations.console import launching

        settings = self._services.settings
        self._checks.ask(
            lambda: (request, launching.check(settings, request)),
            lambda answer: self._was_checked(*answer, here=here),
            self._failed,
        )

    def _was_checked(self, request: "RunRequest", checked: "Checked", *, here: bool) -> None:
        if not checked.problems:
            self.predict(request, here=here)
        self._checked(request, checked)

    def predict(self, request: "RunRequest", *, here: bool) -> None:
        """Rehearse it, and look what it needs."""
        from ..backend.operations.console import launching

        settings = self._services.settings
        self.close()
        stop = launching.new_rehearsal()
        self._end_rehearsal = stop.request
        self._forecasts.ask(
            lambda: launching.forecast(settings, request, stop), self._was_predicted, self._failed
        )
        self._missings.ask(
            lambda: launching.missing_programs(settings, request, here=here),
            self._are_missing,
            self._missing_unknown,
        )

    def close(self) -> None:
        """A rehearsal under way is of no use any more."""
        self._end_rehearsal(OUTDATED)

    def _was_predicted(self, forecast: "Forecast") -> None:
        self.forecast = forecast
        self._changed()

    def _are_missing(self, missing: tuple[str, ...]) -> None:
        self.missing, self.trouble = missing, ""
        self._changed()

    def _missing_unknown(self, error: Exception) -> None:
        self.missing, self.trouble = (), f"which agents run is not known: {cause_of(error)}"
        self._changed()
