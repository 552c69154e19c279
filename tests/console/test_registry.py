"""Everything that can be done in the console can be done from the shell, and no key means two things."""

import shlex
from collections import Counter

import pytest

from swf_console.actions import EVERYWHERE, REGISTRY, Action, Tier, actions_of
from swf_console.app import ConsoleApp
from swf_console.cli import build_parser, named_command
from swf_console.screens.catalogue import PANES, panes


def named(action: Action) -> str:
    return f"{'+'.join(action.screens) or 'everywhere'}.{action.name}"


@pytest.mark.parametrize("action", [one for one in REGISTRY if one.command], ids=named)
def test_every_action_has_a_command_line_that_is_understood(action: Action) -> None:
    words = shlex.split(action.command)
    command = named_command(words)
    parser = build_parser(*([command] if command else []))
    if "--help" not in words:
        parser.parse_args(words)


@pytest.mark.parametrize("action", REGISTRY, ids=named)
def test_what_changes_something_has_a_command_line(action: Action) -> None:
    assert action.command or action.tier is Tier.READ
    assert action.title
    assert action.help


@pytest.mark.parametrize("screen", [pane.name for pane in PANES])
def test_no_key_means_two_things_on_a_screen(screen: str) -> None:
    own = Counter(key for action in actions_of(screen) for key in action.keys)
    assert [key for key, times in own.items() if times > 1] == []


def test_no_key_means_two_things_everywhere() -> None:
    keys = Counter(key for action in EVERYWHERE for key in action.keys)
    assert [key for key, times in keys.items() if times > 1] == []


def test_screens_are_those_of_the_catalogue() -> None:
    assert {screen for action in REGISTRY for screen in action.screens} <= {pane.name for pane in PANES}


@pytest.mark.parametrize("action", REGISTRY, ids=named)
def test_every_action_can_be_done(action: Action) -> None:
    method = f"action_{action.name.partition('(')[0]}"
    places = (
        [pane.load() for pane in panes() if pane.name in action.screens] if action.screens else [ConsoleApp]
    )
    assert places
    assert all(hasattr(place, method) for place in places)
