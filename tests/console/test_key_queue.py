"""While a screen or dialog opens, no key is lost and no typed text acts as a command."""

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from swf_console.app import ConsoleApp
from swf_console.screens.dialogs.namespace_picker import NamespacePicker
from swf_console.screens.dialogs.namespace_setup import NamespaceSetup
from swf_console.screens.executions.list import ExecutionList
from swf_console.screens.journal import JournalScreen
from swf_console.screens.launch.form import LaunchForm
from swf_console.viewmodels.context import ConsoleContext
from tests.console.hosts import play, type_at_once, until


def test_key_queue_filter_typed_with_slash_is_complete(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        # q, x, space, n, t, R, 4 and ! would each do something as keys of the screen
        type_at_once(app, "/type=stf_x run~q4 R! n\n")
        await until(pilot, lambda: offline_context.tail.filter_text == "type=stf_x run~q4 R! n")
        assert len(app.screen_stack) == 1
        assert app.frame.shown == "messages"

    play(offline_context, steps)


def test_key_queue_command_typed_with_colon_is_complete(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, ":filter type=run_*\n")
        await until(pilot, lambda: offline_context.tail.filter_text == "type=run_*")
        type_at_once(app, ":theme\n")
        await until(pilot, lambda: app.theme == "light")

    play(offline_context, steps)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_key_queue_screen_key_and_filter_are_complete(
    offline_context: ConsoleContext, size: tuple[int, int]
) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, "4/status=failed user=qx\n")
        await until(pilot, lambda: app.frame.shown == "executions")
        await until(pilot, lambda: app.query_one(ExecutionList).filter.endswith("status=failed user=qx"))
        type_at_once(app, "8/quarrel\n")
        await until(pilot, lambda: app.frame.shown == "journal")
        await until(pilot, lambda: app.query_one(JournalScreen).query_one(Input).value == "quarrel")
        assert len(app.screen_stack) == 1

    play(offline_context, steps, size)


def test_key_queue_keys_after_dialog_go_to_screen(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, "0qx\x1b/ab\n0zz")
        await until(pilot, lambda: isinstance(app.screen, NamespacePicker))
        await until(pilot, lambda: app.screen.query_one(Input).value == "zz")
        assert offline_context.tail.filter_text == "ab"

    play(offline_context, steps)


def test_key_queue_keys_after_namespace_setup_go_to_screen(offline_context: ConsoleContext) -> None:
    offline_context.namespace = None

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, NamespaceSetup))
        type_at_once(app, "\n4/status=failed\n")
        await until(pilot, lambda: offline_context.namespace == "alice-dev")
        await until(pilot, lambda: app.frame.shown == "executions")
        await until(pilot, lambda: app.query_one(ExecutionList).filter.endswith("status=failed"))

    play(offline_context, steps)


def test_key_queue_pasted_text_keeps_order(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, "/")
        app.post_message(events.Paste("type=run_*"))
        type_at_once(app, "\n")
        await until(pilot, lambda: offline_context.tail.filter_text == "type=run_*")

    play(offline_context, steps)


def test_key_queue_removed_widget_does_not_block(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        for _ in range(3):
            type_at_once(app, ":\x1b?\x1b!\x1b")
        type_at_once(app, "/end\n")
        await until(pilot, lambda: offline_context.tail.filter_text == "end")
        await until(pilot, lambda: len(app.screen_stack) == 1)

    play(offline_context, steps)


def test_key_queue_escape_and_letter_at_once_are_two_keys(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, ":st")
        app.post_message(events.Key("alt+shift+w", "W"))
        await until(pilot, lambda: len(app.screen_stack) == 1 and not app.writable)

    play(offline_context, steps)


def test_key_queue_keys_after_launch_key_go_to_form(offline_context: ConsoleContext) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        type_at_once(app, "Rpw")
        await until(pilot, lambda: isinstance(app.screen, LaunchForm) and app.screen.request is not None)
        form = app.screen
        assert isinstance(form, LaunchForm)
        await until(pilot, lambda: bool(form.request and form.request.realtime) and not form.here)

    play(offline_context, steps)
