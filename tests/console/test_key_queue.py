"""Nothing typed is lost, and nothing acts as a command, while what a key opens is being made."""

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from swf_console.app import ConsoleApp
from swf_console.screens.dialogs.namespace_picker import NamespacePicker
from swf_console.screens.dialogs.namespace_setup import NamespaceSetup
from swf_console.screens.executions.list import ExecutionList
from swf_console.screens.journal import JournalScreen
from swf_console.viewmodels.context import ConsoleContext
from tests.console.hosts import play, type_at_once, until


def test_a_filter_is_typed_with_its_slash_in_one_go(quiet: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        # q, x, space, n, t, R, 4 and ! would each do something as keys of the screen
        type_at_once(app, "/type=stf_x run~q4 R! n\n")
        await until(pilot, lambda: quiet.tail.filter_text == "type=stf_x run~q4 R! n")
        assert len(app.screen_stack) == 1
        assert app.frame.shown == "messages"

    play(quiet, steps)


def test_a_command_is_typed_with_its_colon_in_one_go(quiet: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, ":filter type=run_*\n")
        await until(pilot, lambda: quiet.tail.filter_text == "type=run_*")
        type_at_once(app, ":theme\n")
        await until(pilot, lambda: app.theme == "light")

    play(quiet, steps)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_a_screen_is_opened_and_filtered_in_one_go(quiet: ConsoleContext, size: tuple[int, int]) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, "4/status=failed user=qx\n")
        await until(pilot, lambda: app.frame.shown == "executions")
        await until(pilot, lambda: app.query_one(ExecutionList).filter.endswith("status=failed user=qx"))
        type_at_once(app, "8/quarrel\n")
        await until(pilot, lambda: app.frame.shown == "journal")
        await until(pilot, lambda: app.query_one(JournalScreen).query_one(Input).value == "quarrel")
        assert len(app.screen_stack) == 1

    play(quiet, steps, size)


def test_what_is_typed_after_a_dialog_goes_to_what_lies_below(quiet: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, "0qx\x1b/ab\n0zz")
        await until(pilot, lambda: isinstance(app.screen, NamespacePicker))
        await until(pilot, lambda: app.screen.query_one(Input).value == "zz")
        assert quiet.tail.filter_text == "ab"

    play(quiet, steps)


def test_what_is_typed_behind_the_first_namespace_goes_to_the_screen(quiet: ConsoleContext) -> None:
    quiet.namespace = None

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, NamespaceSetup))
        type_at_once(app, "\n4/status=failed\n")
        await until(pilot, lambda: quiet.namespace == "alice-dev")
        await until(pilot, lambda: app.frame.shown == "executions")
        await until(pilot, lambda: app.query_one(ExecutionList).filter.endswith("status=failed"))

    play(quiet, steps)


def test_pasted_text_waits_for_its_turn(quiet: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, "/")
        app.post_message(events.Paste("type=run_*"))
        type_at_once(app, "\n")
        await until(pilot, lambda: quiet.tail.filter_text == "type=run_*")

    play(quiet, steps)


def test_a_key_whose_widget_goes_away_keeps_nobody_waiting(quiet: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        for _ in range(3):
            type_at_once(app, ":\x1b?\x1b!\x1b")
        type_at_once(app, "/end\n")
        await until(pilot, lambda: quiet.tail.filter_text == "end")
        await until(pilot, lambda: len(app.screen_stack) == 1)

    play(quiet, steps)


def test_escape_and_the_letter_after_it_are_two_keys_where_they_come_at_once(quiet: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, ":st")
        app.post_message(events.Key("alt+shift+w", "W"))
        await until(pilot, lambda: len(app.screen_stack) == 1 and not app.writable)

    play(quiet, steps)
