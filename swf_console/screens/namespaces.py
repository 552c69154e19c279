"""The Namespaces screen: whose they are, how much is in them, and testbed.toml with what it comes to."""

import shlex
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input

from ..actions import action_of
from ..widgets.latest import Latest
from ..widgets.line_view import Lines
from ..widgets.notice import Notice
from ..widgets.short_list import ShortList
from .host import host_of
from .namespace_rows import (
    NAMESPACE_COLUMNS,
    VALUE_COLUMNS,
    edit_key,
    help_lines,
    namespace_item,
    preview_lines,
    value_items,
)
from .pane import Pane
from .polling import Poll, cause_of
from .standing import database_notice

if TYPE_CHECKING:
    from ..backend.operations.console.namespace_looks import NamespacesLook
    from ..backend.operations.console.services import ConsoleServices
    from ..backend.operations.testbed_editing import Preview

WIDE = 120
CREATE = "@create"
UNKNOWN = "Which there are is not known: the database is away"
EVERY = 2.0


class NamespacesPane(Pane):
    """Namespaces above, testbed.toml and its composed result below, one input line."""

    screen_name: ClassVar[str] = "namespaces"
    help_text: ClassVar[str] = (
        "Enter on a namespace looks at it; c makes a new one. Tab goes to testbed.toml: Enter changes a "
        "value, Backspace takes it out of the file. What would differ is shown while you type, and asked "
        "before it is written; comments and order of the file stay."
    )
    DEFAULT_CSS = """
    NamespacesPane {
        & > #namespaces-parts { height: 1fr; layout: vertical; }
        & #namespaces-list { height: auto; min-height: 2; max-height: 7; }
        & #namespaces-file { height: 1fr; layout: vertical; border-top: solid $panel; }
        & #namespaces-values { height: 1fr; }
        & #namespaces-detail { height: 3; border-top: solid $panel; }
        & #namespaces-input { display: none; height: 1; border: none; padding: 0 1; background: $boost; }
        &.-editing #namespaces-input { display: block; }
        &.-editing #namespaces-detail { height: 6; }
        &.-wide > #namespaces-parts { layout: horizontal; }
        &.-wide #namespaces-list { width: 2fr; height: 100%; max-height: 100%; }
        &.-wide #namespaces-file { width: 3fr; height: 100%; border-top: none; border-left: solid $panel; }
    }
    """

    def __init__(self, services: "ConsoleServices") -> None:
        super().__init__(services)
        self._editing = ""
        self._previews: Latest[Preview] = Latest(self, "preview")
        self.poll: Poll[NamespacesLook] = Poll(self, self._ask, self._show, self._trouble, every=EVERY)

    def compose(self) -> ComposeResult:
        """Namespaces, values, what differs, the input line."""
        yield Notice(identity="namespaces-notice")
        with Container(id="namespaces-parts"):
            yield ShortList(NAMESPACE_COLUMNS, identity="namespaces-list", empty="Reading ...")
            with Container(id="namespaces-file"):
                yield ShortList(VALUE_COLUMNS, identity="namespaces-values", empty="Reading ...")
                yield Lines(identity="namespaces-detail", wrap=True)
                yield Input(id="namespaces-input")

    @property
    def names(self) -> ShortList:
        """The namespaces."""
        return self.query_one("#namespaces-list", ShortList)

    @property
    def values(self) -> ShortList:
        """testbed.toml and what it comes to."""
        return self.query_one("#namespaces-values", ShortList)

    @property
    def detail(self) -> Lines:
        """What the value means, or what an edit would change."""
        return self.query_one("#namespaces-detail", Lines)

    @property
    def input(self) -> Input:
        """Where a value or a name is typed."""
        return self.query_one("#namespaces-input", Input)

    @property
    def notice(self) -> Notice:
        """What stands in the way."""
        return self.query_one("#namespaces-notice", Notice)

    def opened(self) -> None:
        """Read every two seconds: others write there too."""
        self.detail.can_focus = False
        self.poll.open()
        self.names.focus()

    def closed(self) -> None:
        """Read no more."""
        self.poll.close()

    def refresh_now(self) -> None:
        """Read at once."""
        self.poll.now()

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= WIDE, "-wide")

    def _ask(self) -> "NamespacesLook":
        from ..backend.operations.console.namespace_looks import look_at_namespaces

        return look_at_namespaces(self.services)

    def _show(self, look: "NamespacesLook") -> None:
        user, current = self.services.settings.user, self.services.namespace
        self.names.stale = bool(look.database_trouble)
        outage = database_notice(self.services, look.database_trouble)
        none_yet = "No namespaces yet. c makes one, the first run makes its own"
        self.names.say_when_empty(UNKNOWN if outage else none_yet)
        if not look.database_trouble:
            self.names.show([namespace_item(one, current, user) for one in look.namespaces])
        self.values.say_when_empty("No testbed.toml here. c makes a namespace; swf-console init makes a home")
        self.values.show(value_items(look.testbed))
        problems = look.testbed.checked.problems if look.testbed.checked else ()
        self.notice.say(outage, look.testbed.trouble, *problems[:2])

    def _trouble(self, said: str) -> None:
        self.names.stale = self.values.stale = bool(said)
        if said:
            self.notice.say(said)

    @on(ShortList.Chosen, "#namespaces-list")
    def _chosen(self, event: ShortList.Chosen) -> None:
        if event.item:
            host_of(self).look_at(event.item.key)
            self.poll.now()

    @on(ShortList.Moved, "#namespaces-values")
    def _moved(self, event: ShortList.Moved) -> None:
        if not self._editing:
            self.detail.show(help_lines(event.item))

    @on(ShortList.Chosen, "#namespaces-values")
    def _edit(self, event: ShortList.Chosen) -> None:
        if event.item and self._may():
            self._type(edit_key(event.item), event.item.cells[1].text)

    def action_create(self) -> None:
        """Type the name of a new namespace."""
        if self._may():
            self._type(CREATE, f"{self.services.settings.user}-dev")

    def action_take_out(self) -> None:
        """Take the value under the cursor out of testbed.toml."""
        item = self.values.current
        if item is None or not self.values.has_focus or not self._may():
            return
        key = edit_key(item)
        question = f"take {key} out of testbed.toml?"
        host_of(self).ask(question, lambda: self._write(key, None))

    def _type(self, key: str, text: str) -> None:
        self._editing = key
        self.add_class("-editing")
        self.input.value = text
        self.input.placeholder = "a name" if key == CREATE else key
        self.input.focus()
        self._look_ahead(text)

    @on(Input.Changed, "#namespaces-input")
    def _typed(self, event: Input.Changed) -> None:
        self._look_ahead(event.value)

    def _look_ahead(self, text: str) -> None:
        """Say what would differ, or what is wrong with what is typed."""
        key = self._editing
        if not key:
            return
        self._previews.ask(self._previewing(key, text), self._previewed, self._not_previewed)

    def _previewing(self, key: str, text: str) -> "Callable[[], Preview]":
        from ..backend.operations.console.naming import problem_of
        from ..backend.operations.testbed_editing import Preview, preview

        if key == CREATE:
            return lambda: Preview(key, (f"+{text.strip()}",), tuple(filter(None, [problem_of(text)])))
        return lambda: preview(self.services.settings, key, text)

    def _previewed(self, found: "Preview") -> None:
        if found.key == self._editing:
            self.input.set_class(bool(found.problems), "-invalid")
            self.detail.show(preview_lines(found))

    def _not_previewed(self, error: Exception) -> None:
        self.notice.say(cause_of(error), tone="bad")

    @on(Input.Submitted, "#namespaces-input")
    def _entered(self, event: Input.Submitted) -> None:
        key, text = self._editing, event.value.strip()
        if key and text:
            decide = partial(self._decide, key, text)
            self._previews.ask(self._previewing(key, text), decide, self._not_previewed)

    def _decide(self, key: str, text: str, found: "Preview") -> None:
        """Enter was pressed, and this is what the text comes to."""
        self._previewed(found)
        if key != self._editing or found.problems:
            return
        if key == CREATE:
            self._end_edit()
            self._create(text)
        elif not found.diff:
            self._end_edit()
        else:
            question = f"write {key} = {text} into testbed.toml?"
            host_of(self).ask(question, lambda: self._write(key, text))

    def _create(self, name: str) -> None:
        command = shlex.join(["swf-console", "namespaces", "create", name])
        action = action_of("create", "namespaces")
        host_of(self).record(action, command, lambda: self._make(name), lambda _: self._created(name))

    def _make(self, name: str) -> str:
        """Runs in a worker thread."""
        from ..backend.operations.namespace_making import create_namespace

        return create_namespace(self.services.settings, self.services.database(), name)

    def _created(self, name: str) -> None:
        host_of(self).say(f"{name} is yours; Enter looks at it")
        self.poll.now()

    def _write(self, key: str, text: str | None) -> None:
        self._end_edit()
        assignment = key if text is None else f"{key}={text}"
        command = shlex.join(["swf-console", "config", "set", assignment])
        action = action_of("take_out", "namespaces")
        host_of(self).record(action, command, lambda: self._set(key, text), lambda _: self.poll.now())

    def _set(self, key: str, text: str | None) -> str:
        """Runs in a worker thread."""
        from ..backend.operations.testbed_editing import set_value

        return set_value(self.services.settings, key, text)

    def action_back(self) -> None:
        """Out of the input line."""
        if self._editing:
            self._end_edit()

    def _end_edit(self) -> None:
        back = self.names if self._editing == CREATE else self.values
        self._editing = ""
        self.remove_class("-editing")
        self.input.remove_class("-invalid")
        self.detail.show(help_lines(self.values.current))
        back.focus()

    def _may(self) -> bool:
        host = host_of(self)
        if not host.writable:
            host.say(host.refusal, bad=True)
        return host.writable

    def copy_text(self, what: str) -> str | None:
        """The value or the row under the cursor."""
        focused = self.names if self.names.has_focus else self.values
        item = focused.current
        if item is None or what in ("json", "command"):
            return None
        return item.cells[1].text if what == "cell" else "  ".join(cell.text.strip() for cell in item.cells)
