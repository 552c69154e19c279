"""The Namespaces screen: owners and sizes of namespaces, and the configuration files of the home."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from ...actions.registry import action_of
from ...backend.services.configurations import files_of
from ...backend.services.namespaces import create_namespace
from ...viewmodels.namespaces.snapshot import read_namespaces
from ...widgets.key_labels import with_keys
from ...widgets.table.short_list import ShortList
from ...widgets.tail.line_view import Lines
from ...widgets.text.notice import Notice
from ..base.host import host_of
from ..base.outages import database_notice, unknown_because
from ..base.screen import PolledScreen
from .editor import CREATE, TESTBED, ConfigEditor
from .rows import NAMESPACE_COLUMNS, namespace_item

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.namespaces.snapshot import NamespacesSnapshot

NONE_YET = "No namespaces yet. {namespaces.create} creates one; the first run creates its namespace"


class NamespacesScreen(PolledScreen["NamespacesSnapshot"]):
    """Namespaces above, a file with its composed result below."""

    screen_name: ClassVar[str] = "namespaces"
    help_text: ClassVar[str] = (
        "Enter on a namespace shows it; {namespaces.create} creates one. {next_part} goes to the file, "
        "which is testbed.toml or, with {namespaces.file}, a workflow configuration: Enter edits a value, "
        "{namespaces.take_out} removes it. The difference is shown while you type, and confirmed before it "
        "is written. Comments and order of the file do not change; the previous version is stored beside "
        "it as .previous. Editing a composed value writes it into the file."
    )
    # other users change namespaces too, but seldom
    every: ClassVar[float] = 2.0
    DEFAULT_CSS = """
    NamespacesScreen {
        & > #namespaces-parts { height: 1fr; layout: vertical; }
        & #namespaces-list { height: auto; min-height: 2; max-height: 7; }
        & #namespaces-file { height: 1fr; layout: vertical; border-top: solid $panel; }
        &.-wide > #namespaces-parts { layout: horizontal; }
        &.-wide #namespaces-list { width: 2fr; height: 100%; max-height: 100%; }
        &.-wide #namespaces-file { width: 3fr; height: 100%; border-top: none; border-left: solid $panel; }
    }
    """

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(context)
        self.editor = ConfigEditor(context)
        self._files: tuple[str, ...] = (TESTBED,)

    def compose(self) -> ComposeResult:
        """Notice, namespaces, file."""
        yield Notice(identity="namespaces-notice")
        with Container(id="namespaces-parts"):
            yield ShortList(NAMESPACE_COLUMNS, identity="namespaces-list", empty="Loading ...")
            yield self.editor

    @property
    def listing(self) -> ShortList:
        """The namespaces."""
        return self.query_one("#namespaces-list", ShortList)

    @property
    def notice(self) -> Notice:
        """Problems."""
        return self.query_one("#namespaces-notice", Notice)

    def _read(self) -> "NamespacesSnapshot":
        return read_namespaces(self.context, self.editor.file)

    def _show(self, snapshot: "NamespacesSnapshot") -> None:
        user, current = self.context.settings.user, self.context.namespace
        outage = database_notice(self.context, snapshot.database_trouble)
        self.listing.stale = bool(outage)
        self.listing.set_empty_text(
            f"Namespaces not known: {unknown_because(self.context, 'db')}" if outage else with_keys(NONE_YET)
        )
        # the last rows stay, dimmed
        if not outage:
            self.listing.show([namespace_item(one, current, user) for one in snapshot.namespaces])
        self._files = snapshot.files
        self.editor.show(snapshot.file)
        problems = snapshot.file.checked.problems if snapshot.file.checked else ()
        self.notice.say(outage, snapshot.file.trouble, *problems[:2])

    @property
    def stale_parts(self) -> Sequence[ShortList | Lines]:
        """The namespaces and the values."""
        return self.listing, self.editor.values

    @on(ShortList.Chosen, "#namespaces-list")
    def _chosen(self, event: ShortList.Chosen) -> None:
        if event.item:
            host_of(self).switch_namespace(event.item.key)
            self.poll.now()

    def action_create(self) -> None:
        """Prompt for the name of a new namespace."""
        if self.editor.may_write():
            self.editor.type(CREATE, f"{self.context.settings.user}-dev")

    def action_edit(self) -> None:
        """Edit the value under the cursor."""
        self.editor.edit()

    def action_take_out(self) -> None:
        """Remove the value under the cursor from the file."""
        self.editor.remove_value()

    def action_file(self, name: str = "") -> None:
        """Go to the next file, or to the one of that name."""
        files = self._files
        if name and name not in files:
            host_of(self).say(f"file {name} not found; choose from: {', '.join(files)}", bad=True)
            return
        at = files.index(self.editor.file) if self.editor.file in files else -1
        self._open_file(name or files[(at + 1) % len(files)])

    def _open_file(self, file: str) -> None:
        self.editor.end_edit()
        self.editor.file = file
        self.editor.values.focus()
        self.poll.now()

    def action_back(self) -> None:
        """Cancel the input."""
        self.editor.end_edit()

    @on(ConfigEditor.Named)
    def _named(self, event: ConfigEditor.Named) -> None:
        name = event.name
        command = shlex.join(["swf-console", "namespaces", "create", name])
        action = action_of("create", "namespaces")
        host_of(self).record(action, command, lambda: self._create(name), lambda _: self._created(name))

    def _create(self, name: str) -> str:
        """Runs in a worker thread."""
        return create_namespace(self.context.settings, self.context.database(), name)

    def _created(self, name: str) -> None:
        host_of(self).say(f"created namespace {name}; Enter shows it")
        self.poll.now()

    @on(ConfigEditor.Written)
    def _written(self, event: ConfigEditor.Written) -> None:
        if event.named:
            self.listing.focus()
        self.poll.now()

    def remember(self) -> dict[str, object]:
        """The open file."""
        return {"file": self.editor.file}

    def recall(self, remembered: dict[str, object]) -> None:
        """Open that file again, if it still exists."""
        file = remembered.get("file")
        if isinstance(file, str) and file and file in files_of(self.context.settings):
            self.editor.file = file

    def copy_text(self, what: str) -> str | None:
        """The value or the row under the cursor."""
        focused = self.listing if self.listing.has_focus else self.editor.values
        item = focused.current
        if item is None or what in ("json", "command"):
            return None
        return item.cells[1].text if what == "cell" else "  ".join(cell.text.strip() for cell in item.cells)
