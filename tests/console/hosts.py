"""A small application around one screen that records the calls of its host."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from textual import events
from textual.app import App, ComposeResult
from textual.keys import _character_to_key
from textual.pilot import Pilot

from swf_console.actions.action import Action, Tier
from swf_console.app import ConsoleApp
from swf_console.backend.core.errors import SwfError
from swf_console.screens.base.host import Call, Then
from swf_console.screens.base.screen import BaseScreen
from swf_console.viewmodels.context import ConsoleContext
from tests.support.waiting import wait_until

P = TypeVar("P", bound=BaseScreen)


@dataclass
class HostCalls:
    """The calls of a screen's host."""

    said: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    names: list[list[str]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    results: list[object] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    opened: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)


class HostApp(App[None]):
    """One screen and its host. Questions are answered with `answer`; calls run in a worker thread."""

    def __init__(self, screen: BaseScreen, *, answer: bool = True, read_only: bool = False) -> None:
        super().__init__()
        self.hosted = screen
        self.answer = answer
        self.read_only = read_only
        self.calls = HostCalls()

    def compose(self) -> ComposeResult:
        yield self.hosted

    def on_mount(self) -> None:
        self.hosted.opened()

    @property
    def writable(self) -> bool:
        return not self.read_only

    @property
    def refusal(self) -> str:
        return "read-only" if self.read_only else ""

    def say(self, text: str, *, bad: bool = False) -> None:
        self.calls.said.append(text)

    def ask(self, question: str, on_yes: Callable[[], None]) -> None:
        self.calls.questions.append(question)
        if self.answer:
            on_yes()

    def confirm_many(self, title: str, names: Sequence[str], on_yes: Callable[[], None]) -> None:
        self.calls.names.append(list(names))
        self.ask(title, on_yes)

    def record(self, action: Action, command: str, call: Call, then: Then | None = None) -> None:
        self.calls.commands.append(command)
        if self.read_only and action.tier is not Tier.READ:
            self.calls.results.append("refused: read-only")
            return

        def work() -> None:
            try:
                result = call()
            except SwfError as error:
                self.call_from_thread(self.calls.results.append, error)
                return
            self.call_from_thread(self.calls.results.append, result)
            if then is not None:
                self.call_from_thread(then, result)

        self.run_worker(work, thread=True)

    def hold_keys(self) -> None:
        """This application has no key queue."""

    def release_keys(self) -> None:
        """This application has no key queue."""

    def copy(self, text: str, what: str = "") -> None:
        self.calls.copied.append(text)

    def open_screen(self, name: str, **where: object) -> None:
        self.calls.opened.append((name, where))

    def switch_namespace(self, name: str) -> None:
        self.hosted.context.switch_to(name)

    def raise_alarm(
        self, text: str, *, screen: str = "", where: dict[str, object] | None = None, bad: bool = True
    ) -> None:
        self.calls.alarms.append(text)


async def until(pilot: Pilot[Any], predicate: Callable[[], bool], timeout: float = 10.0) -> None:
    """Let the application run until `predicate` holds; fails after `timeout` seconds."""

    async def holds() -> bool:
        await pilot.pause()
        return predicate()

    if not predicate():
        await wait_until(holds, timeout)


class Driver(Generic[P]):
    """Opens a single screen, waits until it is `ready`, and performs the steps of a test."""

    def __init__(self, opened: Callable[[ConsoleContext], P], ready: Callable[[P], bool]) -> None:
        self._opened, self._ready = opened, ready

    def __call__(
        self,
        context: ConsoleContext,
        steps: Callable[[HostApp, P, Pilot[None]], Awaitable[None]],
        *,
        answer: bool = True,
        read_only: bool = False,
        size: tuple[int, int] = (80, 24),
    ) -> HostApp:
        screen = self._opened(context)
        app = HostApp(screen, answer=answer, read_only=read_only)

        async def go() -> None:
            async with app.run_test(size=size) as pilot:
                await until(pilot, lambda: self._ready(screen))
                await steps(app, screen, pilot)

        asyncio.run(go())
        return app


class OfflineApp(ConsoleApp):
    """The console without connections to backends."""

    def connect(self) -> None:  # type: ignore[override]
        """Open nothing."""


Steps = Callable[[ConsoleApp, Pilot[int]], Awaitable[None]]


def play(context: ConsoleContext, steps: Steps, size: tuple[int, int] = (80, 24), **environ: str) -> None:
    """Perform the steps in a console without connections."""

    async def run() -> None:
        app = OfflineApp(context, environ={"TERM": "xterm-256color", **environ})
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.navigation.current is not None)
            await pilot.pause()
            await steps(app, pilot)

    try:
        asyncio.run(run())
    finally:
        context.close()


def type_at_once(app: App[Any], text: str) -> None:
    """Post all keys of a text before the first is handled; newline is Enter."""
    names = {"\n": "enter", "\x1b": "escape"}
    for character in text:
        name = names.get(character) or _character_to_key(character)
        event = events.Key(name, character)
        event.set_sender(app)
        app.post_message(event)
