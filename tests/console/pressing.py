"""Presses the keys of one scope of the registry and checks the effect of each."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual.pilot import Pilot

from swf_console.actions.action import Action
from swf_console.actions.global_actions import GLOBAL_ACTIONS
from swf_console.actions.registry import actions_of
from swf_console.actions.scope import hidden_by
from swf_console.actions.screens import SCREEN_ACTIONS
from swf_console.app import ConsoleApp
from swf_console.screens.base.screen import BaseScreen
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.focus import scopes_above

from .hosts import OfflineApp, until

# keys that need a real terminal, and the test that presses them
ELSEWHERE = {"everywhere.suspend_process": "tests/acceptance/test_console_terminal.py"}


def actions_at(scope: str) -> tuple[Action, ...]:
    """The actions with keys in that scope."""
    actions = GLOBAL_ACTIONS if scope == "everywhere" else actions_of(scope)
    return tuple(action for action in actions if action.keys and action.id not in ELSEWHERE)


@dataclass
class Keys:
    """Presses keys by the ids of their actions, and records which."""

    app: ConsoleApp
    pilot: Pilot[int]
    scope: str
    context: ConsoleContext
    supervisor: MemorySupervisor

    def __post_init__(self) -> None:
        self.pressed: set[tuple[str, str]] = set()

    async def press(self, word: str, effect: Callable[[], object], undo: str = "") -> None:
        """Press every key of the action; after each `effect` comes about, and the keys `undo` follow."""
        (action,) = [one for one in actions_at(self.scope) if one.id == f"{self.scope}.{word}"]
        for key in action.keys:
            self.see_nesting()
            await self.pilot.press(key)
            self.pressed.add((action.id, key))
            await self.until(effect)
            await self.pilot.press(*undo.split())

    async def press_once(self, word: str, effect: Callable[[], object], key: int = 0) -> None:
        """Press one of its keys alone."""
        (action,) = [one for one in actions_at(self.scope) if one.id == f"{self.scope}.{word}"]
        self.see_nesting()
        await self.pilot.press(action.keys[key])
        self.pressed.add((action.id, action.keys[key]))
        await self.until(effect)
        await self.until(effect)

    def see_nesting(self) -> None:
        """The nesting of scopes is declared in the registry, by which `settings check` finds hidden keys."""
        here = scopes_above(self.app.screen.focused or self.app.screen)
        screens = {action.scopes[0] for action in SCREEN_ACTIONS}
        for n, scope in enumerate(here):
            around = {*here[n + 1 :], *(["everywhere"] if screens & {*here} else [])}
            assert around <= set(hidden_by(scope)), f"{scope} is in {around}"

    async def until(self, effect: Callable[[], object], timeout: float = 10.0) -> None:
        """Let the console run until that holds."""
        await until(self.pilot, lambda: bool(effect()), timeout)

    async def open(self, name: str) -> BaseScreen:
        """Open a screen; afterwards a widget in it has the focus."""
        self.app.open_screen(name)
        await self.until(lambda: self.app.frame.shown == name and self.app.focused)
        screen = self.app.navigation.current
        assert screen is not None
        return screen

    def shows(self, kind: type) -> bool:
        """Whether a dialog or form of that class is open."""
        return isinstance(self.app.screen, kind)


Script = Callable[[Keys], Awaitable[None]]
SCRIPTS: dict[str, Script] = {}


def presses(scope: str) -> Callable[[Script], Script]:
    """Register the script that presses every key of that scope."""

    def keep(script: Script) -> Script:
        SCRIPTS[scope] = script
        return script

    return keep


def play_script(scope: str, context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    """Run it at 160x50, and check that it has pressed every key of the scope."""

    async def run() -> None:
        app = OfflineApp(context, environ={"TERM": "xterm-256color"})
        async with app.run_test(size=(160, 50)) as pilot:
            await until(pilot, lambda: app.navigation.current is not None)
            keys = Keys(app, pilot, scope, context, supervisor)
            await SCRIPTS[scope](keys)
            wanted = {(action.id, key) for action in actions_at(scope) for key in action.keys}
            assert wanted - keys.pressed == set()

    asyncio.run(run())
