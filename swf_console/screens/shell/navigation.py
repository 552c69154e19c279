"""Opening and switching screens: each is made when it is first opened, and has the keys when it is shown."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from textual.screen import Screen
from textual.widget import Widget

from ...viewmodels.context import ConsoleContext
from ..base.screen import Pane
from ..base.screen_registry import OVERLAYS, PANES, Listed
from .frame import Frame
from .key_queue import KeyQueue


class NavigationHost(Protocol):
    """What opening a screen asks of the application."""

    @property
    def focused(self) -> Widget | None:
        """What has the focus."""

    def run_worker(self, work: Coroutine[None, None, None], *, group: str) -> object:
        """Let a coroutine run in the UI thread."""

    def call_later(self, callback: Callable[[], object]) -> bool:
        """Call that when what has come before is handled."""

    def call_after_refresh(self, callback: Callable[..., object], *args: object) -> bool:
        """Call that once the screen has been painted."""

    def push_screen(self, screen: Screen[Any]) -> object:
        """Show that over everything."""


class Navigation:
    """The screens that have been opened, which one is wanted, and what had the keys there."""

    def __init__(self, services: ConsoleContext, frame: Frame, keys: KeyQueue, host: NavigationHost) -> None:
        self._services, self._frame, self._keys, self._host = services, frame, keys, host
        self._wanted = ""
        self._focused: dict[str, Widget | None] = {}
        self._when_open: list[Callable[[], object]] = []

    @property
    def pane(self) -> Pane | None:
        """The screen that is open."""
        return self.pane_of(self._frame.shown) if self._frame.shown else None

    def pane_of(self, name: str) -> Pane | None:
        """That screen, where it has been opened."""
        return next(iter(self._frame.panes.query(f"#pane-{name}").results(Pane)), None)

    def open_first(self) -> None:
        """Show the screen of the last time, or the first one, unless one is wanted already."""
        if not self._wanted:
            names = [pane.name for pane in PANES]
            last = self._services.ui_state.recall(self._services.namespace, "screen")
            self.open_screen(last if last in names else names[0])

    def open_screen(self, name: str, **where: object) -> None:
        """Show a screen; it is made when it is first opened. `where` goes to its `recall`."""
        listed = next((pane for pane in PANES if pane.name == name), None)
        if listed is None:
            self._frame.say(f"there is no screen {name}", bad=True)
            return
        self._wanted = name
        if name != self._frame.shown:
            self._keys.hold()
        pane = self.pane_of(name)
        if pane is None:
            self._host.run_worker(self._make(listed, where), group="opening")
        else:
            self._show(listed, pane, where)

    def open_overlay(self, name: str) -> None:
        """Show a dialog of its own module."""
        self._host.push_screen(OVERLAYS[name].load()(self._services))

    def when_open(self, call: Callable[[], object]) -> None:
        """Call that once the screen that is being opened is there."""
        self._when_open.append(call)

    def recall(self, namespace: str) -> None:
        """Every screen that has been opened takes up what it remembers of that namespace."""
        for pane in self._frame.panes.query(Pane):
            remembered = self._services.ui_state.recall(namespace, pane.screen_name)
            if isinstance(remembered, dict):
                pane.recall(remembered)
        self.refresh_now()

    def refresh_now(self) -> None:
        """The screen that is open reads again at once."""
        if self.pane is not None:
            self.pane.refresh_now()

    def remember(self) -> None:
        """Keep where we are for the next time."""
        pane, memory, namespace = self.pane, self._services.ui_state, self._services.namespace
        if pane is not None:
            memory.keep(namespace, pane.screen_name, pane.remember())
            memory.keep(namespace, "screen", pane.screen_name)

    async def _make(self, listed: Listed, where: Mapping[str, object]) -> None:
        """Make a screen, and show it once it has all its parts."""
        made = await asyncio.to_thread(listed.load)
        pane = self.pane_of(listed.name)
        if pane is None:
            pane = made(self._services)
            await self._frame.panes.add_content(pane, id=f"pane-{listed.name}")
            remembered = self._services.ui_state.recall(self._services.namespace, listed.name)
            where = {**_plain(remembered), **where}
        if self._wanted == listed.name:
            self._show(listed, pane, where)

    def _show(self, listed: Listed, pane: Pane, where: Mapping[str, object]) -> None:
        before = self.pane
        if before is not None and before is not pane:
            self.remember()
            self._focused[before.screen_name] = self._host.focused
            before.closed()
        self._frame.switch(pane, listed.name)
        if where:
            pane.recall(dict(where))
        if before is not pane:
            pane.opened()
        self._host.call_after_refresh(self._give_keys, pane)
        waiting, self._when_open = self._when_open, []
        for call in waiting:
            self._host.call_after_refresh(call)
        self._frame.show_tabs()
        self._frame.show_keys()

    def _give_keys(self, pane: Pane) -> None:
        self._focus(pane)
        self._host.call_later(self._keys.release)

    def _focus(self, pane: Pane) -> None:
        """The keys go to the screen that is open: to what had them there before, or to the first that can."""
        focused = self._host.focused
        if self.pane is not pane or (focused and pane in focused.ancestors_with_self):
            return
        before = self._focused.get(pane.screen_name)
        candidates = [before] if before is not None and before.is_attached else []
        found = next((each for each in [*candidates, *pane.query("*")] if _can_take_keys(each)), None)
        if found is not None:
            found.focus(scroll_visible=False)


def _can_take_keys(widget: Widget) -> bool:
    shown = all(each.display for each in widget.ancestors_with_self if isinstance(each, Widget))
    return shown and widget.focusable


def _plain(remembered: object) -> dict[str, object]:
    return remembered if isinstance(remembered, dict) else {}
