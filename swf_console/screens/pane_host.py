"""The frame as the screens see it: it opens them, asks what they ask, does and keeps what they do."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual import on
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from ..actions import Action, Tier
from ..backend.operations.console.services import ConsoleServices
from ..widgets.screen_bar import ScreenBar
from ..widgets.symbols import sign
from .catalogue import PANES, Listed, overlay
from .clipboard import copy_sequence
from .dialogs import ConfirmMany, Question, TypeName
from .frame import Frame
from .host import Call, Then
from .pane import Pane
from .recording import Done, performed


class PaneHost(Frame):
    """The frame with screens in it."""

    def __init__(self, services: ConsoleServices, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(services, environ)
        self._wanted = ""
        self._focused: dict[str, Widget | None] = {}
        self._when_open: list[Callable[[], object]] = []

    def ask(self, question: str, on_yes: Callable[[], None]) -> None:
        """Ask y/N on the bottom line."""
        self.push_screen(Question(question), lambda yes: on_yes() if yes else self.say("not done"))

    def confirm_many(self, title: str, names: Sequence[str], on_yes: Callable[[], None]) -> None:
        """Ask in a dialog that lists what is concerned."""
        self.push_screen(ConfirmMany(title, names), lambda yes: on_yes() if yes else self.say("not done"))

    def type_name(self, title: str, name: str, on_yes: Callable[[], None]) -> None:
        """Ask for a name to be typed."""
        self.push_screen(TypeName(title, name), lambda yes: on_yes() if yes else self.say("not done"))

    def record(self, action: Action, command: str, call: Call, then: Then | None = None) -> None:
        """Run `call` in a worker thread, show and journal it."""
        if action.tier is not Tier.READ and self.refusal:
            self.say(f"{action.title}: refused, {self.refusal}", bad=True)
            return
        self.say(f"{command or action.title} {sign('arrow')} under way")
        self.run_worker(lambda: self._perform(action, command, call, then), thread=True, group="actions")

    def _perform(self, action: Action, command: str, call: Call, then: Then | None) -> None:
        done = performed(self.services, action, command, call)
        self.call_from_thread(self._performed, done, then)

    def _performed(self, done: Done, then: Then | None) -> None:
        self.action_line(done.line())
        if done.error is None and then is not None:
            then(done.answer)

    def copy(self, text: str, what: str = "") -> None:
        """Copy by OSC 52, and say how."""
        sequence, how = copy_sequence(text, self.environ)
        if sequence:
            self.write_to_terminal(sequence)
        words = f"copied {what or f'{len(text):,} characters'} ({how})" if sequence else f"not copied: {how}"
        self.say(words, bad=not sequence)

    def open_screen(self, name: str, **where: object) -> None:
        """Show a screen; it is made when it is first opened."""
        listed = next((pane for pane in PANES if pane.name == name and pane.there), None)
        if listed is None:
            self.say(f"there is no screen {name}", bad=True)
            return
        self._wanted = name
        if name != self.shown:
            self.hold_keys()
        pane = self.pane_of(name)
        if pane is None:
            self.run_worker(self._make(listed, where), group="opening")
        else:
            self._show(listed, pane, where)

    async def _make(self, listed: Listed, where: Mapping[str, object]) -> None:
        """Make a screen, and show it once it has all its parts."""
        made = await asyncio.to_thread(listed.load)
        pane = self.pane_of(listed.name)
        if pane is None:
            pane = made(self.services)
            await self.query_one(ContentSwitcher).add_content(pane, id=f"pane-{listed.name}")
            remembered = self.services.memory.recall(self.services.namespace, listed.name)
            where = {**_plain(remembered), **where}
        if self._wanted == listed.name:
            self._show(listed, pane, where)

    def when_open(self, call: Callable[[], object]) -> None:
        """Call that once the screen that is being opened is there."""
        self._when_open.append(call)

    def open_overlay(self, name: str) -> None:
        """Show a dialog of its own module."""
        found = overlay(name)
        if found is None:
            self.say(f"there is no {name} here: swf-console --help names what else there is", bad=True)
        else:
            self.push_screen(found.load()(self.services))

    def pane_of(self, name: str) -> Pane | None:
        """That screen, where it has been opened."""
        return next(iter(self.query(f"#pane-{name}").results(Pane)), None)

    @property
    def pane(self) -> Pane | None:
        """The screen that is open."""
        return self.pane_of(self.shown) if self.shown else None

    @on(ScreenBar.Chosen)
    def clicked(self, event: ScreenBar.Chosen) -> None:
        """A click on row 2."""
        self.open_screen(event.name)

    def _show(self, listed: Listed, pane: Pane, where: Mapping[str, object]) -> None:
        before = self.pane
        if before is not None and before is not pane:
            self.remember()
            self._focused[before.screen_name] = self.focused
            before.closed()
        again, self.shown = before is pane, listed.name
        self.query_one(ContentSwitcher).current = pane.id
        if where:
            pane.recall(dict(where))
        if not again:
            pane.opened()
        self.call_after_refresh(self._given_keys, pane)
        waiting, self._when_open = self._when_open, []
        for call in waiting:
            self.call_after_refresh(call)
        self.show_alerts()
        self.show_keys()

    def _given_keys(self, pane: Pane) -> None:
        self._focus(pane)
        self.call_later(self.let_keys_go)

    def _focus(self, pane: Pane) -> None:
        """The keys go to the screen that is open: to what had them there before, or to the first that can."""
        if self.pane is not pane or (self.focused and pane in self.focused.ancestors_with_self):
            return
        before = self._focused.get(pane.screen_name)
        candidates = [before] if before is not None and before.is_attached else []
        found = next((each for each in [*candidates, *pane.query("*")] if _can_take_keys(each)), None)
        if found is not None:
            found.focus(scroll_visible=False)

    def remember(self) -> None:
        """Keep where we are for the next time."""
        pane, memory, namespace = self.pane, self.services.memory, self.services.namespace
        if pane is not None:
            memory.keep(namespace, pane.screen_name, pane.remember())
            memory.keep(namespace, "screen", pane.screen_name)


def _can_take_keys(widget: Widget) -> bool:
    shown = all(each.display for each in widget.ancestors_with_self if isinstance(each, Widget))
    return shown and widget.focusable


def _plain(remembered: Any) -> dict[str, object]:
    return remembered if isinstance(remembered, dict) else {}
