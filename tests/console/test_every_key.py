"""Every key of the registry is pressed in the complete console and has an effect."""

from pathlib import Path

import pytest

from swf_console.actions.registry import REGISTRY
from swf_console.actions.scope import SCOPE_TITLES
from swf_console.actions.screens import SCREEN_ACTIONS
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.context import ConsoleContext
from tests.support.homes import CHECKOUT

from . import keys_everywhere, keys_lists, keys_parts  # noqa: F401 (they fill SCRIPTS)
from .pressing import ELSEWHERE, SCRIPTS, play_script

PANES = tuple(dict.fromkeys(action.scopes[0] for action in SCREEN_ACTIONS))


@pytest.mark.parametrize("scope", ["everywhere", *PANES, *SCOPE_TITLES])
def test_every_key_of_scope_has_effect(
    scope: str,
    context: ConsoleContext,
    supervisor: MemorySupervisor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert scope in SCRIPTS, f"nothing presses the keys of {scope}"
    monkeypatch.chdir(tmp_path)
    context.ui_state.remember("demo", "screen", "overview")
    play_script(scope, context, supervisor)


def test_terminal_only_keys_are_pressed_in_acceptance_tests() -> None:
    pressed = {"everywhere.suspend_process": 'press("C-z")'}
    assert set(pressed) == set(ELSEWHERE) <= {action.id for action in REGISTRY}
    for name, file in ELSEWHERE.items():
        assert pressed[name] in (CHECKOUT / file).read_text()
