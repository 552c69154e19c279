"""Global keys, keys of the screens without tables, and keys of overlays."""

from datetime import UTC, datetime
from functools import partial

from textual.widgets import Input, OptionList

from swf_console.app import ConsoleApp
from swf_console.backend.messaging.broker_client import broker_client
from swf_console.backend.services.journal import JournalEntry
from swf_console.backend.supervisor.base import Orphan
from swf_console.screens.agents.screen import AgentsScreen
from swf_console.screens.base.prompt import Prompt
from swf_console.screens.base.screen_registry import SCREENS
from swf_console.screens.broker.messages import WaitingMessages
from swf_console.screens.broker.screen import BrokerScreen
from swf_console.screens.dialogs.confirm import ConfirmMany, KeyChoice, Question
from swf_console.screens.dialogs.doctor import DoctorOverlay
from swf_console.screens.dialogs.help import HelpDialog
from swf_console.screens.dialogs.namespace_picker import NamespacePicker
from swf_console.screens.dialogs.namespace_setup import NamespaceSetup
from swf_console.screens.dialogs.palette import Palette
from swf_console.screens.dialogs.quit import QuitDialog
from swf_console.screens.fast_processing.screen import FastProcessingScreen
from swf_console.screens.journal import JournalScreen
from swf_console.screens.launch.form import LaunchForm
from swf_console.screens.namespaces.screen import NamespacesScreen
from swf_console.screens.overview.screen import OverviewScreen
from swf_console.widgets.bars.keys import KeyLine
from swf_console.widgets.text.line import Line
from tests.support.broker_homes import abandon, put_dead_letter
from tests.support.history import add_execution
from tests.support.processes.broker import BrokerProcess

from .pressing import Keys, presses


def shows_screen(app: ConsoleApp, name: str) -> bool:
    return app.frame.shown == name


def said(keys: Keys) -> str:
    return keys.app.query_one("#action-line", Line).text


@presses("everywhere")
async def everywhere(keys: Keys) -> None:
    app = keys.app
    overview, *others = SCREENS
    for screen in (*others, overview):
        await keys.press(screen.name, partial(shows_screen, app, screen.name))
    await keys.press("palette", lambda: keys.shows(Palette), "escape")
    await keys.press("help", lambda: keys.shows(HelpDialog), "escape")
    await keys.press("namespace", lambda: keys.shows(NamespacePicker), "escape")
    await keys.press("doctor", lambda: keys.shows(DoctorOverlay), "escape")
    await keys.press("launch", lambda: keys.shows(LaunchForm), "escape")
    await keys.press("copy", lambda: keys.shows(KeyChoice), "escape")
    await keys.press("leave", lambda: keys.shows(QuitDialog), "escape")

    before = app.focused
    await keys.press("next_part", lambda: app.focused is not before)
    await keys.press("part_before", lambda: app.focused is before)

    app.raise_alarm("look there", screen="messages")
    await keys.press("alert", lambda: app.frame.shown == "messages")
    assert app.alarms.raised.counts == (1, 0)
    await keys.press("acknowledge", lambda: app.alarms.raised.counts == (0, 0))
    await keys.press("lock", lambda: not app.writable)
    assert "start" in app.query_one(KeyLine).text or app.frame.shown == "messages"
    await keys.press("lock", lambda: app.writable)

    journal = await keys.open("journal")
    assert isinstance(journal, JournalScreen)
    await keys.until(lambda: journal.poll.answered)
    journal.poll.close()
    keys.context.journal.append(JournalEntry(datetime.now(UTC), "action", "shifter", "news"))
    await keys.press("update", lambda: "news" in [item.cells[4].text for item in journal.listing.items])
    await keys.press(
        "handover", lambda: "swf-console journal --since 8h →" in said(keys) and ".md" in said(keys)
    )


@presses("overview")
async def overview(keys: Keys) -> None:
    add_execution(keys.context.database(), status="running")
    screen = await keys.open("overview")
    assert isinstance(screen, OverviewScreen)
    await keys.until(lambda: screen.listing.items)
    await keys.press("stop", lambda: keys.shows(Question), "n")


@presses("agents")
async def agents(keys: Keys) -> None:
    screen = await keys.open("agents")
    assert isinstance(screen, AgentsScreen)
    await keys.until(lambda: screen.listing.items)
    await keys.press("columns", lambda: screen.query_one(Prompt).is_open, "escape")

    def state() -> str:
        return next(item.cells[2].text for item in screen.listing.items if item.key == "slice-worker")

    screen.listing.go_to("slice-worker")
    await keys.press("start", lambda: keys.shows(Question), "y")
    await keys.until(lambda: state() == "RUNNING")
    starts = len(keys.supervisor.starts)
    await keys.press("restart", lambda: keys.shows(Question), "y")
    await keys.until(lambda: len(keys.supervisor.starts) == starts + 1)
    await keys.until(lambda: not keys.shows(Question))
    await keys.press("stop", lambda: keys.shows(Question), "y")
    await keys.until(lambda: state() in ("STOPPED", "off"))
    await keys.press("start_needed", lambda: keys.shows(ConfirmMany), "n")
    keys.supervisor.outlived.append(Orphan("slice-worker:0", 4711, datetime.now(UTC)))
    await keys.press("end_orphans", lambda: keys.shows(ConfirmMany), "y")
    await keys.until(lambda: not keys.supervisor.outlived)
    shown = screen.log_pane.display
    await keys.press("logs", lambda: screen.log_pane.display is not shown)
    await keys.press("logs", lambda: screen.log_pane.display is shown)
    screen.log_pane.focus()
    await keys.until(lambda: screen.log_pane.has_focus)
    await keys.press("back", lambda: screen.listing.has_focus)


@presses("journal")
async def journal(keys: Keys) -> None:
    screen = await keys.open("journal")
    assert isinstance(screen, JournalScreen)
    await keys.press("filter", lambda: screen.filter_line.has_focus)
    await keys.press("back", lambda: screen.listing.has_focus)
    await keys.press("columns", lambda: screen.query_one(Prompt).is_open, "escape")
    await keys.press("export", lambda: "shift-log" in said(keys))


@presses("namespaces")
async def namespaces(keys: Keys) -> None:
    screen = await keys.open("namespaces")
    assert isinstance(screen, NamespacesScreen)
    await keys.until(lambda: screen.editor.values.items)
    await keys.press("create", lambda: screen.editor.editing)
    await keys.press("back", lambda: not screen.editor.editing)
    await keys.press("file", lambda: screen.editor.file != "testbed.toml" and screen.editor.values.has_focus)
    screen.editor.values.go_to("composed stf_processing.stf_count")
    await keys.until(lambda: screen.editor.values.has_focus)
    await keys.press("edit", lambda: screen.editor.editing, "escape")
    await keys.press("take_out", lambda: keys.shows(Question), "n")


@presses("fast_processing")
async def fast_processing(keys: Keys) -> None:
    screen = await keys.open("fast_processing")
    assert isinstance(screen, FastProcessingScreen)
    await keys.until(lambda: screen.snapshot and screen.snapshot.forecast)
    await keys.press("columns", lambda: screen.query_one(Prompt).is_open, "escape")

    def what_if() -> int | None:
        return screen.snapshot.forecast.what_if if screen.snapshot and screen.snapshot.forecast else None

    await keys.press("more_workers", lambda: what_if() == 33)
    await keys.press("fewer", lambda: what_if() == 30)
    await keys.press("as_configured", lambda: what_if() is None)


@presses("broker")
async def broker(keys: Keys) -> None:
    settings = keys.context.settings
    process = BrokerProcess(settings.state_dir)
    process.start()
    try:
        abandon(settings, "/topic/epictopic", "client-1", "events", 2)
        with broker_client(settings) as client:
            put_dead_letter(client, "/queue/slices")
        screen = await keys.open("broker")
        assert isinstance(screen, BrokerScreen)
        await keys.until(lambda: screen.overview.snapshot)
        screen.overview.listing.go_to("client-1\0events")
        await keys.press("drop", lambda: keys.shows(ConfirmMany), "n")
        await keys.press("purge", lambda: keys.shows(ConfirmMany), "n")
        await keys.press("compact", lambda: keys.shows(Question), "n")
        await keys.press("letters", lambda: screen.stack.front is not screen.overview)
        view = screen.stack.front
        assert isinstance(view, WaitingMessages)
        await keys.until(lambda: view.loaded and view.listing.items)
        await keys.press("resend", lambda: keys.shows(ConfirmMany), "n")
        await keys.press("discard", lambda: keys.shows(ConfirmMany), "n")
        await keys.press("back", lambda: screen.stack.front is screen.overview)
    finally:
        process.end()


@presses("launch")
async def launch(keys: Keys) -> None:
    await keys.pilot.press("R")
    await keys.until(lambda: keys.shows(LaunchForm))
    form = keys.app.screen
    assert isinstance(form, LaunchForm)
    await keys.until(lambda: form.request and form.check.forecast and form.check.missing)
    request, here = form.request, form.here
    assert request is not None
    await keys.press("where", lambda: form.here is not here, "w")
    await keys.press("pace", lambda: form.request and form.request.realtime is not request.realtime, "p")
    for n in (0, 1):
        form.set_request(request.with_override("fast_processing.stf_count", "3"))
        form.rows.go_to("fast_processing.stf_count")
        await keys.press_once("reset", lambda: form.request and not form.request.overrides, n)
    await keys.press("help", lambda: keys.shows(HelpDialog), "escape")
    await keys.press("next_part", lambda: form.verdict.has_focus, "tab")
    await keys.until(lambda: form.check.missing and form.rows.has_focus)
    keys.app.write_access.lock()
    await keys.press("start", lambda: "locked" in form.notice.text)
    form.notice.say()
    await keys.press("start_missing", lambda: "locked" in form.notice.text)
    await keys.press("back", lambda: not keys.shows(LaunchForm))


def is_new(overlay: DoctorOverlay, before: object) -> bool:
    return overlay.checks is not before


@presses("doctor")
async def doctor(keys: Keys) -> None:
    for n in range(3):
        await keys.pilot.press("exclamation_mark")
        await keys.until(lambda: keys.shows(DoctorOverlay))
        overlay = keys.app.screen
        assert isinstance(overlay, DoctorOverlay)
        if n == 0:
            await keys.until(lambda overlay=overlay: overlay.ended, 60)  # type: ignore[misc]
            await keys.press("copy", lambda: "copied" in said(keys))
            await keys.press("help", lambda: keys.shows(HelpDialog), "escape")
            await keys.press("next_part", lambda overlay=overlay: overlay.detail.has_focus, "tab")  # type: ignore[misc]
            before = overlay.checks
            await keys.press("again", partial(is_new, overlay, before))
        await keys.press_once("close", lambda: not keys.shows(DoctorOverlay), n)


@presses("help")
async def help_screen(keys: Keys) -> None:
    await keys.open("agents")
    await keys.pilot.resize_terminal(80, 24)
    for n in (0, 1):
        await keys.pilot.press("question_mark")
        await keys.until(lambda: keys.shows(HelpDialog))
        screen = keys.app.screen
        assert isinstance(screen, HelpDialog)
        text = screen.query("VerticalScroll").first()
        await keys.press_once("down", lambda text=text: text.scroll_offset.y == 1, n)  # type: ignore[misc]
        await keys.press_once("up", lambda text=text: text.scroll_offset.y == 0, n)  # type: ignore[misc]
        for word in ("page_down", "page_up") if n == 0 else ():
            at = text.scroll_offset.y
            await keys.press(word, lambda text=text, at=at: text.scroll_offset.y != at)  # type: ignore[misc]
        end = text.max_scroll_y
        await keys.press_once("last", lambda text=text, end=end: text.scroll_offset.y == end, n)  # type: ignore[misc]
        await keys.press_once("first", lambda text=text: text.scroll_offset.y == 0, n)  # type: ignore[misc]
        if n == 0:
            await keys.press("palette", lambda: keys.shows(Palette), "escape question_mark")
            await keys.until(lambda: keys.shows(HelpDialog))
        await keys.press_once("leave", lambda: not keys.shows(HelpDialog), n)


@presses("dialog")
async def dialog(keys: Keys) -> None:
    keys.app.push_screen(NamespaceSetup(keys.app.context))
    await keys.until(lambda: keys.shows(NamespaceSetup))
    await keys.press("leave", lambda: not keys.shows(NamespaceSetup))


@presses("confirm")
async def confirm(keys: Keys) -> None:
    answers: list[object] = []
    for word, n in (("yes", 0), ("leave", 0), ("leave", 1)):
        keys.app.push_screen(ConfirmMany("stop them?", ["a", "b"]), answers.append)
        await keys.until(lambda: keys.shows(ConfirmMany))
        await keys.press_once(word, lambda: not keys.shows(ConfirmMany), n)
    assert answers == [True, None, None]


@presses("quitting")
async def quitting(keys: Keys) -> None:
    answers: list[object] = []
    for word, n in (("go", 0), ("go_if_nothing_ends", 0), ("go_if_nothing_ends", 1), ("leave", 0)):
        keys.app.push_screen(QuitDialog(keys.context), answers.append)
        await keys.until(lambda: keys.shows(QuitDialog))
        await keys.press_once(word, lambda: not keys.shows(QuitDialog), n)
    assert answers == [True, True, True, None]


@presses("palette")
async def palette(keys: Keys) -> None:
    await keys.pilot.press("colon", "s", "t")
    await keys.until(lambda: keys.shows(Palette) and keys.app.screen.query_one(Input).value == "st")
    options = keys.app.screen.query_one(OptionList)
    await keys.press("down", lambda: options.highlighted == 1)
    await keys.press("up", lambda: options.highlighted == 0)


@presses("picker")
async def picker(keys: Keys) -> None:
    for name in ("a", "b", "demo"):
        add_execution(keys.context.database(), ord(name[0]), namespace=name)
    await keys.pilot.press("0")
    await keys.until(lambda: keys.shows(NamespacePicker))
    options = keys.app.screen.query_one(OptionList)
    await keys.until(lambda: options.option_count == 3)
    at = options.highlighted
    await keys.press("down", lambda: options.highlighted != at)
    await keys.press("up", lambda: options.highlighted == at)
