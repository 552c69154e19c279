"""The editor of one configuration file, value by value, with a preview of each edit."""

import shlex
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.widgets import Input

from ...actions.registry import action_of
from ...backend.core.sanitize import brief
from ...backend.services.configurations import Preview, preview, set_value
from ...viewmodels.namespaces.setup import problem_of
from ...widgets.key_labels import with_keys
from ...widgets.semantic_colors import Part
from ...widgets.table.short_list import ShortList
from ...widgets.tail.line_view import Lines
from ...widgets.worker import LatestCall
from ..base.host import host_of
from ..base.polling import cause_of
from .rows import VALUE_COLUMNS, edit_key, help_lines, preview_lines, value_items

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.namespaces.snapshot import FileSnapshot

CREATE = "@create"
TESTBED = "testbed.toml"
NO_FILE = "No testbed.toml. {namespaces.create} creates a namespace; swf-console init DIR creates a home"


class ConfigEditor(Container):
    """The values of `file`, and the field in which a value or the name of a namespace is typed."""

    DEFAULT_CSS = """
    ConfigEditor {
        & > #namespaces-values { height: 1fr; }
        & > #namespaces-detail { height: 3; border-top: solid $panel; }
        & > #namespaces-input { display: none; height: 1; border: none; padding: 0 1; background: $boost; }
        &.-editing > #namespaces-input { display: block; }
        &.-editing > #namespaces-detail { height: 6; }
    }
    """

    class Named(Message):
        """The name of a new namespace was typed."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Written(Message):
        """The file has been written, or (`named`) the prompt for a name was left."""

        def __init__(self, *, named: bool = False) -> None:
            super().__init__()
            self.named = named

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(id="namespaces-file")
        self.context = context
        self._editing = ""
        self.file = TESTBED
        self.previews: LatestCall[Preview] = LatestCall(self, "preview")

    def compose(self) -> ComposeResult:
        """Values, detail, field."""
        yield ShortList(VALUE_COLUMNS, identity="namespaces-values", empty="Loading ...")
        yield Lines(identity="namespaces-detail", wrap=True)
        yield Input(id="namespaces-input")

    @property
    def values(self) -> ShortList:
        """The values of the file and of the composed configuration."""
        return self.query_one("#namespaces-values", ShortList)

    @property
    def detail(self) -> Lines:
        """The meaning of the value, or the changes of an edit."""
        return self.query_one("#namespaces-detail", Lines)

    @property
    def input(self) -> Input:
        """The field."""
        return self.query_one("#namespaces-input", Input)

    @property
    def editing(self) -> bool:
        """Whether something is being typed."""
        return bool(self._editing)

    def on_mount(self) -> None:
        """The detail never takes the focus."""
        self.detail.can_focus = False

    def show(self, snapshot: "FileSnapshot") -> None:
        """Show the values of the file."""
        if snapshot.file == self.file:
            self.values.set_empty_text(with_keys(NO_FILE))
            self.values.show(value_items(snapshot))

    @on(ShortList.Moved, "#namespaces-values")
    def _moved(self, event: ShortList.Moved) -> None:
        if not self._editing:
            self.detail.show(help_lines(event.item))

    @on(ShortList.Chosen, "#namespaces-values")
    def edit(self) -> None:
        """Edit the value under the cursor."""
        item = self.values.current
        if item and self.may_write():
            self.type(edit_key(item), item.cells[1].text)

    def remove_value(self) -> None:
        """Remove the value under the cursor from the file."""
        item = self.values.current
        if item is None or not self.values.has_focus or not self.may_write():
            return
        key = edit_key(item)
        host_of(self).ask(f"Remove {key} from {self._file_name}?", lambda: self._write(key, None))

    def type(self, key: str, text: str) -> None:
        """Edit a value, or the name of a namespace."""
        self._editing = key
        self.add_class("-editing")
        self.input.value = text
        self.input.placeholder = "a name" if key == CREATE else key
        self.input.focus()
        self._preview(text)

    @property
    def _file_name(self) -> str:
        return self.file if self.file == TESTBED else f"{self.file}.toml"

    @on(Input.Changed, "#namespaces-input")
    def _typed(self, event: Input.Changed) -> None:
        self._preview(event.value)

    def _preview(self, text: str) -> None:
        """Preview the edit while it is typed."""
        key = self._editing
        if key:
            self.previews.submit(self._previewing(key, text), self._previewed, self._not_previewed)

    def _previewing(self, key: str, text: str) -> "Callable[[], Preview]":
        if key == CREATE:
            return lambda: Preview(key, (f"+{text.strip()}",), tuple(filter(None, [problem_of(text)])))
        file = self.file
        return lambda: preview(self.context.settings, key, text, file)

    def _previewed(self, found: "Preview") -> None:
        if found.key == self._editing:
            self.input.set_class(bool(found.problems), "-invalid")
            what = "a new namespace" if found.key == CREATE else f"{found.key} in {self._file_name}"
            leave = with_keys("Enter asks, then writes; {namespaces.back} cancels")
            hint: list[Part] = [(f"{brief(what, 60)}: {leave}", "busy")]
            self.detail.show([hint, *preview_lines(found)])

    def _not_previewed(self, error: Exception) -> None:
        host_of(self).say(cause_of(error), bad=True)

    @on(Input.Submitted, "#namespaces-input")
    def _entered(self, event: Input.Submitted) -> None:
        key, text = self._editing, event.value.strip()
        if key and text:
            # checked once more: the preview on screen may belong to an earlier text
            decide = partial(self._decide, key, text)
            self.previews.submit(self._previewing(key, text), decide, self._not_previewed)

    def _decide(self, key: str, text: str, found: "Preview") -> None:
        """Decide what Enter does, now that the preview is known."""
        self._previewed(found)
        # Esc may have come before this answer
        if key != self._editing or found.problems:
            return
        if key == CREATE:
            self.end_edit()
            self.post_message(self.Named(text))
        elif not found.diff:
            self.end_edit()
        else:
            question = f"Write {key} = {text} to {self._file_name}?"
            host_of(self).ask(question, lambda: self._write(key, text))

    def _write(self, key: str, text: str | None) -> None:
        self.end_edit()
        words = ["swf-console", "config", "set", key if text is None else f"{key}={text}"]
        words += [] if self.file == TESTBED else ["--file", self.file]
        action = action_of("take_out" if text is None else "edit", "namespaces")
        call = partial(self._set, key, text, self.file)
        host_of(self).record(action, shlex.join(words), call, self._written)

    def _written(self, _said: object) -> None:
        self.post_message(self.Written())

    def _set(self, key: str, text: str | None, file: str) -> str:
        """Runs in a worker thread."""
        return set_value(self.context.settings, key, text, file)

    def end_edit(self) -> None:
        """Close the field."""
        if not self._editing:
            return
        named = self._editing == CREATE
        self._editing = ""
        self.remove_class("-editing")
        self.input.remove_class("-invalid")
        self.detail.show(help_lines(self.values.current))
        if named:
            self.post_message(self.Written(named=True))
        else:
            self.values.focus()

    def may_write(self) -> bool:
        """Whether writes are allowed; shows why not."""
        host = host_of(self)
        if not host.writable:
            host.say(host.refusal, bad=True)
        return host.writable
