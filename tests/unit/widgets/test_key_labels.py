"""Keys in texts are those of the key map."""

from collections.abc import Iterator
from typing import cast

import pytest

from swf_console.actions.registry import use_keys
from swf_console.screens.base.screen import BaseScreen
from swf_console.screens.base.screen_registry import SCREENS, ScreenEntry
from swf_console.widgets.key_labels import with_keys


@pytest.fixture(autouse=True)
def restored_keys() -> Iterator[None]:
    yield
    use_keys({})


def test_with_keys_action_shows_first_key() -> None:
    assert with_keys("{launch} runs a workflow, {agents.back} leaves") == "R runs a workflow, Esc leaves"
    assert with_keys("{confirm.leave+} {dialog.leave} mean no") == "n Enter Esc mean no"
    assert with_keys("{namespaces.take_out} takes it out") == "Bksp takes it out"


def test_with_keys_key_map_shows_mapped_key() -> None:
    use_keys({"everywhere.launch": "ctrl+r,f5"})

    assert with_keys("{launch} runs a workflow") == "Ctrl-R runs a workflow"


def test_with_keys_action_without_key_shows_palette_title() -> None:
    assert with_keys("{theme} changes the colours") == ":theme changes the colours"


@pytest.mark.parametrize("listed", SCREENS, ids=lambda listed: listed.name)
def test_with_keys_help_text_of_screen_has_known_keys(listed: ScreenEntry) -> None:
    screen = cast(type[BaseScreen], listed.load())

    assert "{" not in with_keys(screen.help_text)
