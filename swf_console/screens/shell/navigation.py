"""Opening and switching screens. Each is created when it is first opened, and focused when it is shown."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from textual.screen import Screen
from textual.widget import Widget

from ...viewmodels.context import ConsoleContext
from ..base.screen import BaseScreen
from ..base.screen_registry import OVERLAYS, SCREENS, ScreenEntry
from .frame import Frame
from .key_queue import KeyQueue


class NavigationHost(Protocol):
    """What navigation needs of the application."""

    @property
    def focused(self) -> Widget | None:
        """The widget that has the focus."""

    def run_worker(self, work: Coroutine[None, None, None], *, group: str) -> object:
        """Run a coroutine in the UI thread."""

    def call_later(self, callback: Callable[[], object]) -> bool:
        """Call it after the messages in the queue."""

    def call_after_refresh(self, callback: Callable[..., object], *args: object) -> bool:
        """Call it after the next repaint."""

    def push_screen(self, screen: Screen[Any]) -> object:
        """Show a dialog over everything."""


class Navigation:
    """The screens that have been opened, the requested one, and the widget with the focus in each."""

    def __init__(self, context: ConsoleContext, frame: Frame, keys: KeyQueue, host: NavigationHost) -> None:
        self._context, self._frame, self._keys, self._host = context, frame, keys, host
        self._requested = ""
        # a screen may be requested again while it is still being created
        self._creating: dict[str, dict[str, object]] = {}
        self._focused: dict[str, Widget | None] = {}
        self._when_open: list[Callable[[], object]] = []

    @property
    def current(self) -> BaseScreen | None:
        """The open screen."""
        return self.opened(self._frame.shown) if self._frame.shown else None

    def opened(self, name: str) -> BaseScreen | None:
        """A screen, if it has been opened."""
        return next(iter(self._frame.screens.query(f"#screen-{name}").results(BaseScreen)), None)

    def open_first(self) -> None:
        """Open the screen of the last session or the first one, unless another has been requested already."""
        if not self._requested:
            names = [screen.name for screen in SCREENS]
            last = self._context.ui_state.recall(self._context.namespace, "screen")
            self.open_screen(last if last in names else names[0])

    def open_screen(self, name: str, **where: object) -> None:
        """Show a screen, creating it the first time. `where` is passed to its `recall`."""
        listed = next((screen for screen in SCREENS if screen.name == name), None)
        if listed is None:
            self._frame.say(f"screen not found: {name}", bad=True)
            return
        self._requested = name
        if name != self._frame.shown:
            self._keys.hold()
        screen = self.opened(name)
        if screen is None:
            creating = name in self._creating
            self._creating[name] = {**self._creating.get(name, {}), **where}
            if not creating:
                self._host.run_worker(self._create(listed), group="opening")
        else:
            self._show(listed, screen, where)

    def open_overlay(self, name: str) -> None:
        """Show an overlay."""
        self._host.push_screen(OVERLAYS[name].load()(self._context))

    def when_open(self, call: Callable[[], object]) -> None:
        """Call it once the screen that is being opened is mounted."""
        self._when_open.append(call)

    def recall(self, namespace: str) -> None:
        """Every opened screen restores its state of that namespace."""
        for screen in self._frame.screens.query(BaseScreen):
            remembered = self._context.ui_state.recall(namespace, screen.screen_name)
            if isinstance(remembered, dict):
                screen.recall(remembered)
        self.refresh_now()

    def refresh_now(self) -> None:
        """The open screen reads again immediately."""
        if self.current is not None:
            self.current.refresh_now()

    def remember(self) -> None:
        """Store the state of the open screen."""
        screen, ui_state, namespace = self.current, self._context.ui_state, self._context.namespace
        if screen is not None:
            ui_state.remember(namespace, screen.screen_name, screen.remember())
            ui_state.remember(namespace, "screen", screen.screen_name)

    async def _create(self, listed: ScreenEntry) -> None:
        """Create a screen, and show it when all its parts are mounted."""
        # importing a screen takes long enough for keys to arrive meanwhile
        screen_class = await asyncio.to_thread(listed.load)
        screen = screen_class(self._context)
        await self._frame.screens.add_content(screen, id=f"screen-{listed.name}")
        remembered = self._context.ui_state.recall(self._context.namespace, listed.name)
        where = {**_plain(remembered), **self._creating.pop(listed.name)}
        if self._requested == listed.name:
            self._show(listed, screen, where)

    def _show(self, listed: ScreenEntry, screen: BaseScreen, where: Mapping[str, object]) -> None:
        before = self.current
        if before is not None and before is not screen:
            self.remember()
            self._focused[before.screen_name] = self._host.focused
            before.closed()
        self._frame.switch(screen, listed.name)
        if where:
            screen.recall(dict(where))
        if before is not screen:
            screen.opened()
        # a widget that is not displayed yet cannot take the focus
        self._host.call_after_refresh(self._give_keys, screen)
        waiting, self._when_open = self._when_open, []
        for call in waiting:
            self._host.call_after_refresh(call)
        self._frame.show_tabs()
        self._frame.show_keys()

    def _give_keys(self, screen: BaseScreen) -> None:
        self._focus(screen)
        self._host.call_later(self._keys.release)

    def _focus(self, screen: BaseScreen) -> None:
        """Give the focus to the widget that had it last on that screen, or to the first that can take it."""
        focused = self._host.focused
        if self.current is not screen or (focused and screen in focused.ancestors_with_self):
            return
        before = self._focused.get(screen.screen_name)
        candidates = [before] if before is not None and before.is_attached else []
        found = next((each for each in [*candidates, *screen.query("*")] if _can_take_keys(each)), None)
        if found is None:
            # keys reach the actions of a screen only while something in it has the focus: a screen that
            # shows nothing but texts takes it itself
            screen.can_focus = True
            found = screen
        found.focus(scroll_visible=False)


def _can_take_keys(widget: Widget) -> bool:
    shown = all(each.display for each in widget.ancestors_with_self if isinstance(each, Widget))
    return shown and widget.focusable


def _plain(remembered: object) -> dict[str, object]:
    return remembered if isinstance(remembered, dict) else {}
