"""What can be done on every screen."""

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import App

from ..actions import EVERYWHERE, OF_PANES, Action, action_of
from ..backend.operations.console.services import ConsoleServices
from .alerts import Alerts
from .catalogue import OVERLAYS, panes
from .host import Call, Then
from .pane import Pane
from .standing import Writes
from .themes import ALL

PAST_KEPT = 50


class Commands(App[int]):
    """The actions of EVERYWHERE; the application adds the frame that they work on."""

    services: ConsoleServices
    alerts: Alerts
    writes: Writes
    pending: tuple[Action, str] | None = None

    @property
    def pane(self) -> Pane | None:
        """The screen that is open."""
        raise NotImplementedError

    @property
    def refusal(self) -> str:
        """Why nothing may be changed."""
        raise NotImplementedError

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""
        raise NotImplementedError

    def record(self, action: Action, command: str, call: Call, then: Then | None = None) -> None:
        """Run a call in a worker thread, show and journal it."""
        raise NotImplementedError

    def confirm_many(self, title: str, names: Sequence[str], on_yes: Callable[[], None]) -> None:
        """Ask in a dialog that lists what is concerned."""
        raise NotImplementedError

    def open_screen(self, name: str, **where: object) -> None:
        """Show a screen."""
        raise NotImplementedError

    def open_overlay(self, name: str) -> None:
        """Show a dialog of its own module."""
        raise NotImplementedError

    def remember(self) -> None:
        """Keep where we are."""
        raise NotImplementedError

    def refresh_frame(self) -> None:
        """Say anew what is said all around."""
        raise NotImplementedError

    def show_alerts(self) -> None:
        """Row 2 and the alert line."""
        raise NotImplementedError

    def would_end(self) -> tuple[str, ...]:
        """The executions that end with this process."""
        raise NotImplementedError

    def action_open(self, name: str) -> None:
        """Open a screen."""
        self.open_screen(name)

    def action_help(self) -> None:
        """Say what can be done here."""
        from .help import HelpScreen

        pane = self.pane
        titles = {each.name: each.title for each in panes()}
        name = pane.screen_name if pane else ""
        self.push_screen(HelpScreen(name, titles.get(name, ""), pane.help_text if pane else ""))

    def action_palette(self) -> None:
        """Find an action by its name."""
        from .palette import Palette

        pane, titles = self.pane, {each.name: each.title for each in panes()}
        here = pane.screen_name if pane else ""
        found: list[tuple[Action, str]] = []
        for action in sorted(OF_PANES, key=lambda one: here not in one.screens):
            screen = here if here in action.screens else action.screens[0]
            if screen in titles:
                found.append((action, "" if screen == here else titles[screen]))
        found.extend((action, "") for action in EVERYWHERE if action.name != "palette")
        past = self.services.memory.recall(None, "palette") or []
        self.push_screen(Palette(found, [str(each) for each in past]), self._chosen)

    def _chosen(self, chosen: object) -> None:
        from .palette import Chosen

        if not isinstance(chosen, Chosen):
            return
        action = chosen.action
        past = [*(self.services.memory.recall(None, "palette") or []), chosen.typed or action.title]
        self.services.memory.keep(None, "palette", past[-PAST_KEPT:])
        pane = self.pane
        if action.screens and (pane is None or pane.screen_name not in action.screens):
            self.pending = (action, chosen.argument)
            self.open_screen(action.screens[0])
        else:
            self.call_later(self._do, action, chosen.argument)

    async def do_pending(self) -> None:
        """Do what was chosen for a screen that had to be opened first."""
        pending, self.pending = self.pending, None
        if pending is not None:
            await self._do(*pending)

    async def _do(self, action: Action, argument: str) -> None:
        target: Any = self.pane if action.screens else self
        if argument:
            getattr(target, f"action_{action.name}")(argument)
        else:
            await self.run_action(action.name, target)

    def action_namespace(self, name: str = "") -> None:
        """Choose the namespace that is looked at."""
        from .namespace_picker import NamespacePicker

        if name:
            self.look_at(name)
        else:
            self.push_screen(NamespacePicker(self.services), self.look_at)

    def look_at(self, name: object) -> None:
        """Look at that namespace from now on."""
        if not isinstance(name, str):
            return
        self.remember()
        self.services.look_at(name)
        self.say(f"looking at namespace {name}")
        if self.pane is not None:
            self.pane.refresh_now()
        self.refresh_frame()

    def ask_for_namespace(self) -> None:
        """The first start."""
        from .first_start import FirstStart

        self.push_screen(FirstStart(self.services), self._named)

    def _named(self, name: object) -> None:
        if isinstance(name, str):
            self.look_at(name)
            self.say(f"namespace {name} written into testbed.toml")
        else:
            self.say("no namespace: everything is shown, nothing can be run; 0 chooses one")

    def action_doctor(self) -> None:
        """Check everything."""
        self.open_overlay("doctor")

    def action_launch(self) -> None:
        """Run a workflow."""
        self.open_overlay("launch")

    def action_handover(self) -> None:
        """Write the report for the next shift."""
        self.record(action_of("handover"), "swf-console journal --since 8h", self._handover)

    def _handover(self) -> str:
        """Runs in a worker thread."""
        from ..backend.operations.console.handover import write_handover

        return write_handover(self.services)

    def action_alert(self) -> None:
        """Go to the newest alert."""
        newest = self.alerts.newest
        if newest is None or not newest.screen:
            self.say("there is no alert to go to")
        elif newest.screen in OVERLAYS:
            self.open_overlay(newest.screen)
        else:
            self.open_screen(newest.screen, **newest.where)

    def action_acknowledge(self) -> None:
        """The newest alert has been seen."""
        seen = self.alerts.acknowledge()
        self.say(f"seen: {seen.text}" if seen else "there is no alert")
        self.show_alerts()

    def action_update(self) -> None:
        """Read again at once."""
        for asking in self.services.askings:
            asking.ask_now()
        if self.pane is not None:
            self.pane.refresh_now()

    def action_lock(self) -> None:
        """Lock and unlock writes."""
        if self.services.read_only:
            self.say(self.refusal, bad=True)
        elif not self.refusal:
            self.writes.lock()
            self.say("writes are locked; W unlocks them")
        elif self.writes.others:
            title = f"{self.services.namespace} belongs to {self.writes.others}: unlock writes?"
            self.confirm_many(title, [str(self.services.namespace)], self._unlock)
        else:
            self._unlock()
        self.refresh_frame()

    def _unlock(self) -> None:
        self.writes.unlock()
        self.say("writes are unlocked")
        self.refresh_frame()

    def action_theme(self, name: str = "") -> None:
        """The next theme, or the one of that name."""
        names = list(ALL)
        following = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]
        self.theme = name if name in names else following
        self.say(f'theme {self.theme}; settings.toml keeps it: theme = "{self.theme}"')

    def action_leave(self) -> None:
        """Say what keeps running, and leave."""
        from .quitting import Quitting

        self.push_screen(Quitting(self.services, self.would_end()), self._left)

    def _left(self, leave: object) -> None:
        if leave:
            self.exit(0)

    def action_help_quit(self) -> None:
        """Ctrl-C does nothing but say how to leave."""
        self.say("q leaves the console; y copies")
