"""Every action of the console has a command line, and no key has two meanings."""

import importlib
import pkgutil
import shlex
from collections import Counter

import pytest
from textual.dom import DOMNode

import swf_console.screens
import swf_console.widgets
from swf_console.actions.action import Action, Tier
from swf_console.actions.global_actions import GLOBAL_ACTIONS
from swf_console.actions.registry import REGISTRY, actions_of
from swf_console.actions.scope import SCOPE_TITLES
from swf_console.app import ConsoleApp
from swf_console.cli.main import build_parser, named_command
from swf_console.screens.base.screen_registry import SCREENS
from swf_console.viewmodels.context import ConsoleContext


def named(action: Action) -> str:
    return f"{'+'.join(action.scopes) or 'everywhere'}.{action.name}"


@pytest.mark.parametrize("action", [one for one in REGISTRY if one.command], ids=named)
def test_registry_commands_are_parsed_by_cli(action: Action) -> None:
    words = shlex.split(action.command)
    command = named_command(words)
    parser = build_parser(*([command] if command else []))
    if "--help" not in words:
        parser.parse_args(words)


@pytest.mark.parametrize("action", REGISTRY, ids=named)
def test_registry_changing_actions_have_commands(action: Action) -> None:
    assert action.command or action.tier is Tier.READ
    assert action.title
    assert action.help


@pytest.mark.parametrize("screen", [*(screen.name for screen in SCREENS), *SCOPE_TITLES])
def test_registry_keys_in_one_scope_are_unique(screen: str) -> None:
    own = Counter(key for action in actions_of(screen) for key in action.keys)
    assert [key for key, times in own.items() if times > 1] == []


def test_registry_global_keys_are_unique() -> None:
    keys = Counter(key for action in GLOBAL_ACTIONS for key in action.keys)
    assert [key for key, times in keys.items() if times > 1] == []


def test_registry_scopes_match_screens_and_focusable_widgets() -> None:
    named = {scope for action in REGISTRY for scope in action.scopes}
    assert named == {screen.name for screen in SCREENS} | set(SCOPE_TITLES)


def test_registry_action_ids_fit_key_map() -> None:
    ids = Counter(action.id for action in REGISTRY)
    assert [one for one, times in ids.items() if times > 1] == []


def kinds() -> list[type[DOMNode]]:
    """Every class of ours that Textual can show."""
    for package in (swf_console.screens, swf_console.widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: list[type[DOMNode]] = []
    waiting: list[type[DOMNode]] = [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith(("swf_console.screens", "swf_console.widgets", "swf_console.app")):
            found.append(kind)
    return found


def test_registry_all_bindings_come_from_registry() -> None:
    ids = {action.id for action in REGISTRY}
    bound = [
        (kind.__name__, binding)
        for kind in kinds()
        for binding in kind.__dict__.get("BINDINGS", [])
        if binding.id not in ids
    ]
    assert bound == []


def test_registry_no_other_key_handlers_exist() -> None:
    # a question takes every key as its answer
    answers = {"Question", "KeyChoice"}
    beside = [
        (kind.__name__, name)
        for kind in kinds()
        for name in kind.__dict__
        if kind.__name__ not in answers and (name.startswith("key_") or name in ("on_key", "_on_key"))
    ]
    assert beside == []


@pytest.mark.parametrize("action", REGISTRY, ids=named)
def test_registry_actions_have_methods(action: Action, offline_context: ConsoleContext) -> None:
    method = f"action_{action.name.removeprefix('app.').partition('(')[0]}"
    owners: list[DOMNode | type[DOMNode]]
    if not action.scopes or action.name.startswith("app."):
        owners = [ConsoleApp(offline_context)]
    else:
        owners = [kind for kind in set(kinds()) if kind.__dict__.get("scope") in action.scopes]
    assert owners
    assert all(hasattr(owner, method) for owner in owners)
