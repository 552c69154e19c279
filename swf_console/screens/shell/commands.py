"""The global actions that need more than one part of the application."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from textual.screen import Screen

from ...actions.action import Action
from ...actions.global_actions import GLOBAL_ACTIONS
from ...actions.registry import action_of
from ...actions.screens import SCREEN_ACTIONS
from ...viewmodels.context import ConsoleContext
from ...widgets.focus import scopes_above
from ...widgets.key_labels import with_keys
from ..base.screen_registry import OVERLAYS, SCREENS
from ..dialogs.confirm import KeyChoice, Question
from .action_runner import ActionRunner
from .alarms import AlarmBar
from .clipboard import SayLine
from .navigation import Navigation
from .status import WriteAccess
from .themes import THEMES

HISTORY_LENGTH = 50
COPIES = {"c": "cell", "r": "row", "j": "json", "l": "command"}
COPY_WORDS = {"c": "cell", "r": "row", "j": "JSON", "l": "command line"}


class DialogHost(Protocol):
    """Shows dialogs."""

    def push_screen(self, screen: Screen[Any], callback: Callable[[Any], None] | None = None) -> object:
        """Show the dialog over everything, and call back when it closes."""


class CommandHost(DialogHost, Protocol):
    """What the commands need of the application."""

    theme: str

    @property
    def screen(self) -> Screen[Any]:
        """What has the keys: the screens, or the dialog over them."""

    def call_later(self, callback: Callable[..., object], *args: object) -> bool:
        """Call it after the messages in the queue."""

    async def run_action(self, action: str | tuple[str, str, tuple[object, ...]], target: Any = None) -> bool:
        """Run an action of `target`, or a global one."""

    def exit(self, result: int) -> None:
        """End the console."""


class Commands:
    """Help, palette, copying, the newest alarm, the handover report, themes, quitting."""

    def __init__(
        self,
        context: ConsoleContext,
        host: CommandHost,
        navigation: Navigation,
        alarms: AlarmBar,
        runner: ActionRunner,
        copy: Callable[[str, str], None],
        say: SayLine,
    ) -> None:
        self._context, self._host, self._navigation = context, host, navigation
        self._alarms, self._runner, self._copy_text, self._say = alarms, runner, copy, say

    def help(self) -> None:
        """Show the help of the focused part."""
        from ..dialogs.help import TITLES, HelpDialog

        current, front = self._navigation.current, self._host.screen
        if front.is_modal:
            scopes = scopes_above(front.focused or front)
            title = TITLES.get(next(reversed(scopes), ""), "")
            self._host.push_screen(HelpDialog(scopes, title, everywhere=False))
        else:
            here = current.screen_name if current else ""
            scopes = tuple(dict.fromkeys((*scopes_above(front.focused), here)))
            more = with_keys(current.help_text) if current else ""
            self._host.push_screen(HelpDialog(scopes, TITLES.get(here, ""), more))

    def palette(self) -> None:
        """Open the palette."""
        from ..dialogs.palette import Palette

        current, titles = self._navigation.current, {each.name: each.title for each in SCREENS}
        here = current.screen_name if current else ""
        found: list[tuple[Action, str]] = []
        for action in sorted(SCREEN_ACTIONS, key=lambda one: here not in one.scopes):
            screen = here if here in action.scopes else action.scopes[0]
            found.append((action, "" if screen == here else titles[screen]))
        found.extend((action, "") for action in GLOBAL_ACTIONS if action.name != "palette")
        history = self._context.ui_state.recall(None, "palette") or []
        self._host.push_screen(Palette(found, [str(each) for each in history]), self._chosen)

    def _chosen(self, chosen: object) -> None:
        from ..dialogs.palette import PaletteChoice

        if not isinstance(chosen, PaletteChoice):
            return
        action, ui_state = chosen.action, self._context.ui_state
        history = [*(ui_state.recall(None, "palette") or []), chosen.typed or action.title]
        ui_state.remember(None, "palette", history[-HISTORY_LENGTH:])
        current = self._navigation.current
        if action.scopes and (current is None or current.screen_name not in action.scopes):
            self._navigation.when_open(partial(self._do, action, chosen.argument))
            self._navigation.open_screen(action.scopes[0])
        else:
            # the palette is still closing: only after that the screen below has the focus again
            self._host.call_later(self._do, action, chosen.argument)

    async def _do(self, action: Action, argument: str) -> None:
        wanted = ("", action.name, (argument,)) if argument else action.name
        await self._host.run_action(wanted, self._navigation.current if action.scopes else None)

    def handover(self) -> None:
        """Write the report for the next shift."""
        self._runner.record(action_of("handover"), "swf-console journal --since 8h", self._handover)

    def _handover(self) -> str:
        """Runs in a worker thread."""
        from ...viewmodels.shift_report import write_handover

        return write_handover(self._context)

    def copy(self) -> None:
        """Copy from the item under the cursor; if there is a choice, ask what."""
        current = self._navigation.current
        texts = {key: current.copy_text(what) for key, what in COPIES.items()} if current else {}
        known = {key: text for key, text in texts.items() if text}
        if not known:
            self._say("nothing to copy")
        elif len(known) == 1:
            self._copy(next(iter(known)), known)
        else:
            words = {key: COPY_WORDS[key] for key in known}
            self._host.push_screen(KeyChoice("copy", words), lambda key: self._copy(key, known))

    def _copy(self, key: str | None, texts: Mapping[str, str]) -> None:
        if key is not None:
            self._copy_text(texts[key], COPY_WORDS[key])

    def alert(self) -> None:
        """Go to the newest alarm."""
        newest = self._alarms.raised.newest
        if newest is None or not newest.screen:
            self._say("no alarm to show")
        elif newest.screen in OVERLAYS:
            self._navigation.open_overlay(newest.screen)
        else:
            self._navigation.open_screen(newest.screen, **newest.where)

    def update(self) -> None:
        """Read everything again immediately."""
        for poller in self._context.pollers:
            poller.poll_now()
        self._navigation.refresh_now()

    def theme(self, name: str = "") -> None:
        """Switch to the next theme, or to the one of that name."""
        host, names = self._host, list(THEMES)
        following = names[(names.index(host.theme) + 1) % len(names)] if host.theme in names else names[0]
        host.theme = name if name in names else following
        self._say(f'theme {host.theme}; to keep it, write theme = "{host.theme}" into settings.toml')

    def suspend(self, stop: Callable[[], None]) -> None:
        """Suspend the console by `stop`; if an execution runs in it, once the user confirms."""
        if not (runs := self._local_executions()):
            stop()
            return
        lease = self._context.settings.lease_seconds
        pauses = f"{', '.join(runs)} would pause, and counts as lost after {lease:g} s. Suspend?"
        self._host.push_screen(Question(pauses), lambda yes: stop() if yes else self._say("cancelled"))

    def leave(self) -> None:
        """Show what keeps running, and quit once the user confirms."""
        from ..dialogs.quit import QuitDialog

        self._host.push_screen(QuitDialog(self._context, self._local_executions()), self._left)

    def _local_executions(self) -> tuple[str, ...]:
        """The executions that run in this console."""
        runs = self._context.local_executions_if_any
        return tuple(run.execution_id for run in runs.live()) if runs is not None else ()

    def _left(self, leave: object) -> None:
        if leave:
            self._host.exit(0)


class NamespaceSwitch:
    """Switches the console's namespace. `changed` is called afterwards."""

    def __init__(
        self,
        context: ConsoleContext,
        host: DialogHost,
        navigation: Navigation,
        say: SayLine,
        changed: Callable[[], None],
    ) -> None:
        self._context, self._host, self._navigation = context, host, navigation
        self._say, self._changed = say, changed

    def choose(self, name: str = "") -> None:
        """Choose from a list, or switch to that name."""
        from ..dialogs.namespace_picker import NamespacePicker

        if name:
            self.switch(name)
        else:
            self._host.push_screen(NamespacePicker(self._context), self._chosen)

    def switch(self, name: str) -> None:
        """Switch to that namespace."""
        self._navigation.remember()
        self._context.switch_to(name)
        self._say(f"showing namespace {name}")
        self._navigation.recall(name)
        self._changed()

    def ask_for_first(self) -> None:
        """Ask for a name at the first start."""
        from ..dialogs.namespace_setup import NamespaceSetup

        self._host.push_screen(NamespaceSetup(self._context), self._named)

    def _chosen(self, name: object) -> None:
        if isinstance(name, str):
            self.switch(name)

    def _named(self, name: object) -> None:
        self._chosen(name)
        if isinstance(name, str):
            self._say(f"namespace {name} written to testbed.toml")
        else:
            self._say(
                with_keys(
                    "no namespace: all namespaces are shown, nothing can be run; {namespace} chooses one"
                )
            )


class WriteLock:
    """Locks and unlocks writes; asks if another user owns the namespace. `changed` is called afterwards."""

    def __init__(
        self,
        context: ConsoleContext,
        writes: WriteAccess,
        confirm: Callable[[str, Sequence[str], Callable[[], None]], None],
        say: SayLine,
        changed: Callable[[], None],
    ) -> None:
        self._context, self._writes, self._confirm = context, writes, confirm
        self._say, self._changed = say, changed

    def toggle(self) -> None:
        """Lock writes if they are unlocked, otherwise unlock them."""
        writes = self._writes
        if self._context.why_read_only:
            self._say(writes.refusal, bad=True)
        elif not writes.refusal:
            writes.lock()
            self._say(with_keys("writes are locked; {lock} unlocks them"))
        elif writes.other_owner:
            title = f"{self._context.namespace} belongs to {writes.other_owner}. Unlock writes?"
            self._confirm(title, [str(self._context.namespace)], self._unlock)
        else:
            self._unlock()
        self._changed()

    def _unlock(self) -> None:
        self._writes.unlock()
        self._say("writes are unlocked")
        self._changed()
