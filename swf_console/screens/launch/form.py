"""The launch form: choose a configuration, override values, check the result, start the run."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from ...widgets.bindings import bindings_of
from ...widgets.key_labels import with_keys
from ...widgets.table.short_list import ShortList
from ...widgets.worker import BlockingCall
from ..base.host import host_of
from ..base.polling import cause_of
from ..base.screen import WIDE
from .body import CHOOSING, EDITING, FormBody
from .rows import CONFIGURATION, DURATION, NAMESPACE, PACE, WHERE, choices_of, help_of, rows_of, verdict_lines
from .validation import RequestCheck, RunStarter

if TYPE_CHECKING:
    from ...backend.services.executions.request import RunRequest
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.executions.launch import CheckedRequest, LaunchOptions


class LaunchForm(ModalScreen[None]):
    """Checks the request while it is edited, and starts it once it is valid."""

    scope: ClassVar[str] = "launch"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("launch")
    DEFAULT_CSS = "LaunchForm { align: center middle; }"

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__()
        self.context = context
        self.body = FormBody()
        self.rows, self.choices, self.verdict = self.body.rows, self.body.choices, self.body.verdict
        self.input, self.notice = self.body.input, self.body.notice
        self.request: RunRequest | None = None
        self.here = True
        self.offer: LaunchOptions | None = None
        self.checked: CheckedRequest | None = None
        self._editing = ""
        self._submitted = False
        self._start_when_checked = False
        self._offers = BlockingCall(self, "offer")
        self.check = RequestCheck(self, context, self._was_checked, self._paint, self._failed)
        self._starter = RunStarter(self, context, self.notice)

    def compose(self) -> ComposeResult:
        yield self.body

    def on_resize(self, event: events.Resize) -> None:
        """Put the parts side by side where there is room."""
        self.body.set_class(event.size.width >= WIDE, "-wide")

    def on_mount(self) -> None:
        """Read the configurations."""
        self.body.keys.show(("launch",), host_of(self).refusal)
        # p or w typed right after R belongs to a request that does not exist yet
        host_of(self).hold_keys()
        self._offers.start(self._offer, self._offered, self._not_offered)

    def on_unmount(self) -> None:
        """Stop a dry run that is under way."""
        self.check.close()

    def _offer(self) -> "LaunchOptions":
        from ...viewmodels.executions.launch import read_options

        return read_options(self.context)

    def _offered(self, offer: "LaunchOptions") -> None:
        from ...backend.services.executions.request import RunRequest

        self.offer = offer
        # a run on a runner survives this console and its terminal
        self.here = not offer.runner
        self.choices.show(choices_of(offer.choices))
        self.choices.go_to(offer.configured)
        requested = self._start_when_checked
        namespace = self.context.namespace or None
        request = RunRequest(configuration=offer.configured, namespace=namespace, realtime=offer.realtime)
        self.set_request(request)
        self._start_when_checked = requested
        self.rows.move_to(1)
        host_of(self).release_keys()

    def _not_offered(self, error: Exception) -> None:
        self._failed(error)
        host_of(self).release_keys()

    def set_request(self, request: "RunRequest") -> None:
        """Check another request from now on."""
        self.request = request
        self._start_when_checked = False
        self.check.forget()
        self.check.ask(request, here=self.here)
        self._paint()

    def _failed(self, error: Exception) -> None:
        self.notice.say(cause_of(error), color="bad")

    def _was_checked(self, request: "RunRequest", checked: "CheckedRequest") -> None:
        self.notice.say(*checked.problems[:2], color="bad")
        # the result belongs to the text in the field, which is not accepted yet
        if self._editing and request != self.request:
            self._typed_was_checked(request, checked)
            return
        self.checked = checked
        self._paint()
        if self._start_when_checked:
            self._start_when_checked = False
            self.call_later(self.action_start)

    def _typed_was_checked(self, request: "RunRequest", checked: "CheckedRequest") -> None:
        self.input.set_class(bool(checked.problems), "-invalid")
        if self._submitted and not checked.problems:
            self._end_edit()
            self.checked = checked
            self.request = request
        self._submitted = False
        self._paint()

    def _paint(self) -> None:
        if self.request is None:
            return
        check = self.check
        self.rows.show(rows_of(self.request, self.offer, self.checked, here=self.here))
        self.verdict.show(verdict_lines(self.checked, check.forecast, check.missing, check.trouble))

    @on(ShortList.Moved, "#launch-rows")
    def _moved(self, event: ShortList.Moved) -> None:
        if not self.body.choosing:
            self.body.explain(help_of(event.item))

    @on(ShortList.Moved, "#launch-choices")
    def _choice_moved(self, event: ShortList.Moved) -> None:
        if self.body.choosing:
            self.body.explain(help_of(event.item))

    @on(ShortList.Chosen, "#launch-rows")
    def _change(self, event: ShortList.Chosen) -> None:
        key = event.item.key if event.item else ""
        if self.request is None:
            return
        if key == CONFIGURATION:
            self.body.set_mode(CHOOSING)
            self.body.explain(help_of(self.choices.current))
        elif key == WHERE:
            self.action_where()
        elif key == PACE:
            self.action_pace()
        elif key:
            self._edit(key)

    @on(ShortList.Chosen, "#launch-choices")
    def _configured(self, event: ShortList.Chosen) -> None:
        self._end_choice()
        if self.request and event.item and event.item.key != self.request.configuration:
            self.set_request(replace(self.request, configuration=event.item.key, overrides=()))

    def _edit(self, key: str) -> None:
        request = self.request
        if request is None:
            return
        row = next((one for one in (self.checked.rows if self.checked else ()) if one.key == key), None)
        plain = {NAMESPACE: request.namespace or "", DURATION: str(request.duration or "")}
        self._editing, self._start_when_checked = key, False
        self.input.value = row.value if row else plain.get(key, "")
        self.input.placeholder = f"{key.lstrip('@')}: empty removes the override"
        self.body.set_mode(EDITING)

    @on(Input.Changed, "#launch-input")
    def _typed(self, event: Input.Changed) -> None:
        self._submitted = False
        if self._editing:
            self.check.ask(self._edited(event.value), here=self.here)

    @on(Input.Submitted, "#launch-input")
    def _entered(self, event: Input.Submitted) -> None:
        request = self._edited(event.value)
        if request == self.request:
            self._end_edit()
            self.check.ask(request, here=self.here)
            return
        self._submitted = True
        self.check.ask(request, here=self.here)

    def _edited(self, text: str) -> "RunRequest":
        request, key = cast("RunRequest", self.request), self._editing
        if key == NAMESPACE:
            return replace(request, namespace=text.strip() or None)
        if key == DURATION:
            return replace(request, duration=text.strip() or None)
        row = next((one for one in (self.checked.rows if self.checked else ()) if one.key == key), None)
        if row and text == row.value and not row.overridden:
            return request
        return request.with_override(key, text)

    def _end_edit(self) -> None:
        self._editing = ""
        self._submitted = False
        self.input.remove_class("-invalid")
        self.body.set_mode()

    def _end_choice(self) -> None:
        self.body.set_mode()
        self.body.explain(help_of(self.rows.current))

    def action_back(self) -> None:
        """Leave the field or the list of configurations; else close the form."""
        if self._editing:
            self._end_edit()
            if self.request:
                self.set_request(self.request)
        elif self.body.choosing:
            self._end_choice()
        else:
            self.dismiss()

    def action_where(self) -> None:
        """Switch between this console and the persistent runner."""
        if self.request:
            self.here = not self.here
            self.set_request(self.request)

    def action_pace(self) -> None:
        """Switch between realtime and as fast as possible."""
        if self.request:
            self.set_request(replace(self.request, realtime=not self.request.realtime))

    def action_reset(self) -> None:
        """Remove the override under the cursor."""
        item = self.rows.current
        if self.request and item and item.key in {one.key for one in self.request.overrides}:
            self.set_request(self.request.with_override(item.key, ""))
        elif self.request and item and item.key == DURATION:
            self.set_request(replace(self.request, duration=None))

    def action_start_missing(self) -> None:
        """Start the agents that the run needs."""
        request = self.request
        if request is not None and self.check.missing and self._starter.may_start:
            here, missing = self.here, self.check.missing
            self._starter.start_missing(
                request, missing, lambda _: self.check.predict(request, here=here), here=here
            )

    def action_start(self) -> None:
        """Start the run as soon as its check has passed."""
        request, checked = self.request, self.checked
        if not self._starter.may_start:
            return
        # s may come before the first check has ended: it is carried out afterwards
        self._start_when_checked = request is None or checked is None or self.check.busy
        if self._start_when_checked or request is None or checked is None:
            self.notice.say(
                with_keys("checking; the run starts when the check has passed. {launch.back} cancels")
            )
        elif checked.problems:
            self.notice.say(*checked.problems[:2], color="bad")
        else:
            self._starter.run(request, checked.workflow, self._started, here=self.here)

    def _started(self, execution_id: object) -> None:
        host_of(self).say(f"started {execution_id}")
        host_of(self).open_screen("overview")
        self.dismiss()
