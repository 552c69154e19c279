"""The frame: rows 1 and 2, the bottom lines, questions, dialogs, the journal."""

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input, Label, OptionList, Static

from swf_console.actions.action import Action, Tier
from swf_console.app import ConsoleApp
from swf_console.backend.core.errors import Refused
from swf_console.screens.base.host import ActionHost, Host
from swf_console.screens.dialogs.confirm import ConfirmMany, KeyChoice, Question
from swf_console.screens.dialogs.help import HelpDialog
from swf_console.screens.dialogs.namespace_setup import NamespaceSetup
from swf_console.screens.dialogs.palette import Palette
from swf_console.screens.dialogs.quit import QuitDialog
from swf_console.viewmodels.context import ConsoleContext
from swf_console.viewmodels.preferences import Preferences
from swf_console.widgets.bars.keys import KeyLine
from swf_console.widgets.bars.screens import ScreenBar
from swf_console.widgets.bars.status import StatusBar
from swf_console.widgets.text.line import Line

from .hosts import play, until

CHANGE = Action("stop", (), "stop", "stop it", "executions stop x", Tier.REVERSIBLE)


def said(app: ConsoleApp, name: str) -> str:
    return app.query_one(f"#{name}", Line).text


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (40, 12)])
def test_frame_opened_shows_context_and_keys(offline_context: ConsoleContext, size: tuple[int, int]) -> None:
    async def steps(app: ConsoleApp, _pilot: Pilot[int]) -> None:
        assert "torre1" in app.query_one(StatusBar).text
        assert "3 MESSAGES" in app.query_one(ScreenBar).text
        assert "q quit" in app.query_one(KeyLine).text or size[0] < 80
        assert all(line.region.height == 1 for line in app.query(Line))

    play(offline_context, steps, size)


def is_on_the_bottom_line(app: ConsoleApp) -> bool:
    """The question takes the last line, and what it is about stays in sight above it."""
    last = [each.region for each in app.screen.query(Label)] == [Region(0, 23, 80, 1)]
    return last and app.screen.styles.background.a == 0


def test_app_implements_host(offline_context: ConsoleContext) -> None:
    host: Host = ConsoleApp(offline_context, environ={})
    asked = [name for name in (*vars(Host), *vars(ActionHost)) if not name.startswith("_")]
    assert "record" in asked
    assert [name for name in asked if not hasattr(host, name)] == []


def test_question_only_y_confirms(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        answers: list[str] = []
        for key in ("enter", "n", "escape", "space", "y"):
            app.ask("Stop it?", lambda key=key: answers.append(key))  # type: ignore[misc]
            await until(pilot, lambda: isinstance(app.screen, Question))
            await until(pilot, lambda: is_on_the_bottom_line(app))
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(app.screen, Question))
        await pilot.pause()
        assert answers == ["y"]

    play(offline_context, steps)


def test_confirm_many_lists_names_before_action(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        done: list[str] = []
        app.confirm_many("Stop these?", ["a", "b [red]"], lambda: done.append("many"))
        await until(pilot, lambda: isinstance(app.screen, ConfirmMany))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmMany))
        assert done == []
        app.confirm_many("Stop these?", ["a", "b [red]"], lambda: done.append("many"))
        await until(pilot, lambda: isinstance(app.screen, ConfirmMany))
        await pilot.press("y")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmMany))
        assert done == ["many"]

    play(offline_context, steps)


def test_action_runner_shows_command_and_journals(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        got: list[object] = []
        app.record(CHANGE, "swf-console executions stop x", lambda: "asked", got.append)
        await until(pilot, lambda: got == ["asked"])
        assert "swf-console executions stop x → asked" in said(app, "action-line")

        def refuse() -> None:
            raise Refused("it is not yours", "Ask bob")

        app.record(CHANGE, "swf-console executions stop y", refuse, got.append)
        await until(pilot, lambda: "not yours" in said(app, "action-line"))
        assert got == ["asked"]
        entries = offline_context.journal.entries()
        assert [(entry.ok, entry.who, entry.command) for entry in entries] == [
            (False, "alice", "swf-console executions stop y"),
            (True, "alice", "swf-console executions stop x"),
        ]

    play(offline_context, steps)


def test_action_runner_read_only_shows_refusal(offline_context: ConsoleContext) -> None:
    offline_context.read_only = True

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        app.record(CHANGE, "swf-console executions stop x", lambda: pytest.fail("it was done"))
        await pilot.press("W")
        await pilot.pause()
        assert "--read-only" in said(app, "action-line")
        assert "RO" in app.query_one(StatusBar).text
        assert offline_context.journal.entries() == []

    play(offline_context, steps)


def test_write_lock_key_toggles_writes(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await pilot.press("W")
        assert not app.writable
        assert "W unlocks" in app.refusal
        await pilot.press("W")
        assert app.writable

    play(offline_context, steps)


def test_alarm_bar_alarm_stays_until_acknowledged_and_opens_screen(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        app.raise_alarm("agent FATAL [bold]", screen="messages", where={"filter": "type=x"})
        app.raise_alarm("agent FATAL [bold]", screen="messages")
        await until(pilot, lambda: len(offline_context.journal.entries()) == 1)
        assert "✖1 ▲0" in app.query_one(ScreenBar).text
        assert "agent FATAL [bold]" in said(app, "alarm-line")
        await pilot.press("full_stop")
        await until(pilot, lambda: offline_context.tail.filter_text == "type=x")
        await pilot.press("a")
        assert "✖0" in app.query_one(ScreenBar).text

    play(offline_context, steps)


def test_help_dialog_shows_registry_actions(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        assert isinstance(app.screen, HelpDialog)
        text = app.screen.text.plain
        assert "pause: pause or resume the display; no message is lost" in text
        assert "type=stf_*" in text
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, HelpDialog))

    play(offline_context, steps)


def test_palette_finds_action_and_passes_argument(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        app.screen.query_one(Input).value = "filter type=stf_*"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: offline_context.tail.filter_text == "type=stf_*")
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press("up")
        assert app.screen.query_one(Input).value == "filter type=stf_*"
        app.screen.query_one(Input).value = "theme"
        await pilot.pause()
        assert app.screen.query_one(OptionList).option_count >= 1
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "light")

    play(offline_context, steps)


def test_namespace_setup_first_start_writes_testbed_toml(offline_context: ConsoleContext) -> None:
    offline_context.namespace = None

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, NamespaceSetup))
        assert app.screen.query_one(Input).value == "alice-dev"
        await pilot.press("end", "space", "enter")
        assert isinstance(app.screen, NamespaceSetup)
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: offline_context.namespace == "alice-dev")
        file = offline_context.settings.workflows_dir / "testbed.toml"
        assert file.read_text() == '[testbed]\nnamespace = "alice-dev" # mine\n'

    play(offline_context, steps)


def test_quit_dialog_shows_what_keeps_running(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, QuitDialog))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)

    play(offline_context, steps)


def test_copy_key_shows_method(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        offline_context.tail.take([({"namespace": "torre1"}, '{"a": 1}')])
        app.query_one("#message-tail").focus()
        await pilot.pause(0.2)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, KeyChoice))
        await until(pilot, lambda: is_on_the_bottom_line(app))
        await pilot.press("j")
        await until(pilot, lambda: "copied JSON (OSC 52)" in said(app, "action-line"))

    play(offline_context, steps)


def test_app_applies_keys_and_theme_of_settings(offline_context: ConsoleContext) -> None:
    offline_context.preferences = Preferences(theme="light", symbols="ascii", keys={"everywhere.leave": "Q"})

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        assert app.theme == "light"
        assert "X0 !0" in app.query_one(ScreenBar).text
        await pilot.press("q")
        await pilot.pause()
        assert not isinstance(app.screen, QuitDialog)
        await pilot.press("Q")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))

    play(offline_context, steps)


def test_key_labels_follow_key_map(offline_context: ConsoleContext) -> None:
    keys = {"dialog.leave": "f2", "everywhere.agents": "v", "everywhere.doctor": "D", "confirm.yes": "Y"}
    offline_context.preferences = Preferences(keys=keys)

    def hints(app: ConsoleApp) -> str:
        return "\n".join(str(each.content) for each in app.screen.query(Static))

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        # as much of the name as the number of screens leaves room for
        assert " v Agen" in app.query_one(ScreenBar).text
        app.push_screen(ConfirmMany("stop them?", ["a"]))
        await until(pilot, lambda: "Y yes, all 1   n Enter f2 no" in hints(app))
        await pilot.press("f2", "colon")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press(*"doctor")
        listed = app.screen.query_one(OptionList)
        await until(pilot, lambda: any(" D  doctor" in str(one.prompt) for one in listed.options))

    play(offline_context, steps)


def test_list_no_color_highlights_selection(
    offline_context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        style = app.screen.query_one(OptionList).get_component_rich_style("option-list--option-highlighted")
        assert style.reverse

    play(offline_context, steps)


def test_ui_state_restored_after_restart(offline_context: ConsoleContext) -> None:
    offline_context.ui_state.remember("torre1", "messages", {"filter": "type=stf_*"})

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: offline_context.tail.filter_text == "type=stf_*")
        app.exit(0)
        assert offline_context.ui_state.recall("torre1", "screen") == "messages"

    play(offline_context, steps)
