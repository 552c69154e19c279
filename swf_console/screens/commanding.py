"""What can be done on every screen."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..actions import EVERYWHERE, OF_PANES, Action, action_of
from ..widgets.key_words import with_keys
from ..widgets.places import places_above
from .catalogue import OVERLAYS, panes
from .dialogs import Choice
from .pane import Pane
from .pane_host import PaneHost
from .themes import ALL

PAST_KEPT = 50
COPIES = {"c": "cell", "r": "row", "j": "json", "l": "command"}
COPY_WORDS = {"c": "cell", "r": "row", "j": "JSON", "l": "command line"}


class Commands(PaneHost):
    """The actions of EVERYWHERE."""

    def action_open(self, name: str) -> None:
        """Open a screen."""
        self.open_screen(name)

    def action_help(self) -> None:
        """Say what can be done here."""
        from .help import TITLES, HelpScreen

        pane = self.pane
        if self.screen.is_modal:
            places = places_above(self.screen.focused or self.screen)
            title = TITLES.get(next(reversed(places), ""), "")
            self.push_screen(HelpScreen(places, title, everywhere=False))
        else:
            here = pane.screen_name if pane else ""
            places = tuple(dict.fromkeys((*places_above(self.screen.focused), here)))
            more = with_keys(pane.help_text) if pane else ""
            self.push_screen(HelpScreen(places, TITLES.get(here, ""), more))

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
            self.when_open(partial(self._do, action, chosen.argument))
            self.open_screen(action.screens[0])
        else:
            self.call_later(self._do, action, chosen.argument)

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
        for pane in self.query(Pane):
            remembered = self.services.memory.recall(name, pane.screen_name)
            if isinstance(remembered, dict):
                pane.recall(remembered)
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
            self.say(
                with_keys("no namespace: everything is shown, nothing can be run; {namespace} chooses one")
            )

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

    def action_copy(self) -> None:
        """Ask what of the thing under the cursor is to be copied, where there is a choice."""
        pane = self.pane
        texts = {key: pane.copy_text(what) for key, what in COPIES.items()} if pane else {}
        known = {key: text for key, text in texts.items() if text}
        if not known:
            self.say("there is nothing to copy here")
        elif len(known) == 1:
            self._copy(next(iter(known)), known)
        else:
            words = {key: COPY_WORDS[key] for key in known}
            self.push_screen(Choice("copy", words), lambda key: self._copy(key, known))

    def _copy(self, key: str | None, texts: Mapping[str, str]) -> None:
        if key is not None:
            self.copy(texts[key], COPY_WORDS[key])

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
        if self.services.why_read_only:
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

    def would_end(self) -> tuple[str, ...]:
        """The executions that run in this process."""
        runs = self.services.runs_here
        return tuple(run.execution_id for run in runs.live()) if runs is not None else ()

    async def action_quit(self) -> None:
        """Ctrl-Q leaves as `q` does."""
        self.action_leave()

    def action_help_quit(self) -> None:
        """Ctrl-C does nothing but say how to leave."""
        self.say(with_keys("{leave} leaves the console; {copy} copies"))
