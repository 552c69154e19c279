"""The Namespaces screen: choose, create, edit configuration files with a preview."""

from textual.pilot import Pilot

from swf_console.backend.services.configurations import path_of, path_of_testbed
from swf_console.screens.namespaces.screen import NamespacesScreen
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.table.short_list import Item

from ..support.history import add_execution
from .hosts import Driver, HostApp, until

drive = Driver(NamespacesScreen, lambda screen: bool(screen.editor.values.items))


def value(screen: NamespacesScreen, key: str) -> list[str]:
    return next(
        [cell.text.strip() for cell in item.cells] for item in screen.editor.values.items if item.key == key
    )


def items(screen: NamespacesScreen) -> list[Item]:
    return screen.editor.values.items


def text_of_testbed(context: ConsoleContext) -> str:
    return path_of_testbed(context.settings).read_text()


async def edit(screen: NamespacesScreen, pilot: Pilot[None], key: str, text: str) -> None:
    screen.editor.values.focus()
    screen.editor.values.go_to(key)
    await pilot.press("enter")
    screen.editor.input.value = text


def test_namespaces_list_shows_owners_and_counts(context: ConsoleContext) -> None:
    add_execution(context.database(), 1)
    add_execution(context.database(), 2, namespace="other")

    async def look(_app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        rows = {item.key: [cell.text for cell in item.cells] for item in screen.listing.items}
        assert rows["demo"] == ["●", "demo", "shifter (you)", "1", "0"]
        screen.listing.go_to("other")
        await pilot.press("enter")
        await until(pilot, lambda: context.namespace == "other")
        await until(pilot, lambda: screen.listing.items[1].cells[0].text == "●")

    drive(context, look)


def test_namespaces_editor_shows_file_and_composed_values(context: ConsoleContext) -> None:
    async def look(_app: HostApp, screen: NamespacesScreen, _pilot: Pilot[None]) -> None:
        assert value(screen, "file testbed.namespace")[1] == "demo"
        assert value(screen, "composed fast_processing.stf_count")[1:] == [
            "10",
            "STFs",
            "fast_processing_default.toml:11",
        ]

    drive(context, look)


def test_namespaces_editor_edit_shows_difference_and_asks(context: ConsoleContext) -> None:
    before = text_of_testbed(context)

    async def change(app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        await edit(screen, pilot, "composed fast_processing.stf_count", "7")
        await until(pilot, lambda: "+stf_count = 7" in screen.editor.detail.text)
        assert text_of_testbed(context) == before
        await pilot.press("enter")
        await until(pilot, lambda: value(screen, "composed fast_processing.stf_count")[1] == "7")
        assert value(screen, "composed fast_processing.stf_count")[3].startswith("testbed.toml:")
        assert app.calls.questions == ["Write fast_processing.stf_count = 7 to testbed.toml?"]
        assert app.calls.commands == ["swf-console config set fast_processing.stf_count=7"]
        screen.editor.values.go_to("composed fast_processing.stf_count")
        await pilot.press("backspace")
        await until(pilot, lambda: value(screen, "composed fast_processing.stf_count")[1] == "10")

    drive(context, change)
    assert "# Overrides for every workflow, whatever the section:" in text_of_testbed(context)


def test_namespaces_editor_invalid_value_shows_problem(context: ConsoleContext) -> None:
    before = text_of_testbed(context)

    async def change(app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        await edit(screen, pilot, "composed fast_processing.stf_count", "many")
        await until(pilot, lambda: "whole number" in screen.editor.detail.text)
        await pilot.press("enter")
        await until(pilot, lambda: not screen.editor.previews.busy)
        assert not app.calls.questions
        await pilot.press("escape")
        assert screen.editor.values.has_focus

    drive(context, change)
    assert text_of_testbed(context) == before


def test_namespaces_editor_answer_no_writes_nothing(context: ConsoleContext) -> None:
    before = text_of_testbed(context)

    async def refuse(app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        await edit(screen, pilot, "file workflow.realtime", "false")
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.calls.questions))
        assert not app.calls.commands

    drive(context, refuse, answer=False)
    assert text_of_testbed(context) == before


def test_namespaces_editor_configuration_edit_keeps_previous_version(
    context: ConsoleContext,
) -> None:
    path = path_of(context.settings, "fast_processing_default")
    before = path.read_text()

    async def change(app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        while screen.editor.file != "fast_processing_default":
            await pilot.press("o")
        await until(
            pilot, lambda: any(item.key == "composed fast_processing.stf_count" for item in items(screen))
        )
        await edit(screen, pilot, "file fast_processing.stf_count", "none")
        await until(pilot, lambda: "whole number" in screen.editor.detail.text)
        screen.editor.input.value = "7"
        await until(pilot, lambda: "+stf_count = 7" in screen.editor.detail.text)
        assert path.read_text() == before
        await pilot.press("enter")
        await until(pilot, lambda: value(screen, "composed fast_processing.stf_count")[1] == "7")
        assert app.calls.questions == ["Write fast_processing.stf_count = 7 to fast_processing_default.toml?"]
        assert app.calls.commands == [
            "swf-console config set fast_processing.stf_count=7 --file fast_processing_default"
        ]

    drive(context, change)
    after = path.read_text()
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]
    assert len(set(after.splitlines()) - set(before.splitlines())) == 1
    assert path.with_name("fast_processing_default.toml.previous").read_text() == before


def test_namespaces_editor_edit_breaking_including_file_is_refused(
    context: ConsoleContext,
) -> None:
    path = path_of(context.settings, "daq_state_machine")
    before = path.read_text()

    async def change(app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        screen.action_file("daq_state_machine")
        mine = "file daq_state_machine."
        await until(pilot, lambda: any(item.key.startswith(mine) for item in items(screen)))
        key = next(item.key for item in items(screen) if item.key.startswith(mine))
        await edit(screen, pilot, key, "never")
        await until(pilot, lambda: "daq_state_machine.toml" in screen.editor.detail.text)
        await pilot.press("enter")
        await until(pilot, lambda: not screen.editor.previews.busy)
        assert not app.calls.questions
        screen.action_file("nothing")
        assert "file nothing not found; choose from: testbed.toml, " in app.calls.said[-1]

    drive(context, change)
    assert path.read_text() == before


def test_namespaces_create_key_creates_namespace(context: ConsoleContext) -> None:
    async def create(app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        assert screen.editor.input.value == "shifter-dev"
        await pilot.press("enter")
        await until(pilot, lambda: "shifter-dev" in [item.key for item in screen.listing.items])
        assert app.calls.commands == ["swf-console namespaces create shifter-dev"]

    drive(context, create)


def test_namespaces_read_only_refuses_changes(context: ConsoleContext) -> None:
    async def create(app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        assert app.calls.said == ["read-only"]
        assert not screen.editor.editing

    drive(context, create, read_only=True)


def test_namespaces_broken_testbed_toml_shows_problem_and_list(context: ConsoleContext) -> None:
    add_execution(context.database(), 1)

    async def look(_app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        path_of_testbed(context.settings).write_text("[testbed\n")
        await until(pilot, lambda: "not valid TOML" in screen.notice.text)
        assert [item.key for item in screen.listing.items] == ["demo"]

    drive(context, look, size=(160, 50))


def test_namespaces_current_empty_namespace_is_listed(
    context: ConsoleContext,
) -> None:
    add_execution(context.database(), 1, namespace="other")

    async def look(_app: HostApp, screen: NamespacesScreen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: [item.key for item in screen.listing.items] == ["demo", "other"])
        assert screen.listing.items[0].cells[2].text == "none yet"

    drive(context, look)
