"""Settings of the console: values, errors in one line, the sample file."""

from dataclasses import replace
from pathlib import Path

import pytest

from swf_console.backend.core.errors import ConfigurationError
from swf_console.cli.key_names import known_keys
from swf_console.viewmodels.preferences import Preferences, load_preferences, sample


def test_load_preferences_without_file_returns_defaults(tmp_path: Path) -> None:
    assert load_preferences(tmp_path / "none.toml") == Preferences()


def test_load_preferences_file_sets_values(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('theme = "light"\nmessages = 1000\n[keys]\n"messages.pause" = "p"\n')
    found = load_preferences(file)
    assert (found.theme, found.messages, found.keys) == ("light", 1000, {"messages.pause": "p"})


KNOWN = known_keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("them = 1", ":1:1: them: unknown setting. Did you mean theme?"),
        (
            '\ntheme = "drak"',
            ":2:1: theme = 'drak': must be one of auto, dark, light, 16-colour, colour-blind. Did you mean",
        ),
        ("messages = 5", "messages = 5: must be a whole number from 100 to 1,000,000. The default is 50000"),
        ("frames = true", "must be a whole number from 1 to 30. The default is 10"),
        ('mouse = "no"', "must be true or false. The default is true"),
        ('keys = ["a"]', "must be a table of keys. Write [keys], then"),
        ("theme = ", "not valid TOML"),
        (
            '[keys]\n"messages.pauze" = "p"',
            ":2:1: keys.messages.pauze: unknown action. Did you",
        ),
        ('[keys]\n"messages.pause" = 7', "is not a key. Write one or more keys"),
        ('[keys]\n"messages.pause" = "p,,"', "is not a key. Write one or more keys"),
        ('[keys]\n"messages.pause" = "/"', "/ is already the key of messages.filter. Choose another key"),
        ('[keys]\n"messages.pause" = "f"', "f is already the key of messages.follow. Choose another key"),
        (
            '[keys]\n"messages.pause" = "ctrl+p"\n"messages.mark" = "ctrl+p"',
            ":3:1: keys.messages.mark = 'ctrl+p'",
        ),
        ('[keys]\n"agents.start" = "q"', "q would hide everywhere.leave. Choose another key, or change"),
        ('[keys]\n"agents.start" = "!,f2"', "! would hide everywhere.doctor. Choose another key, or"),
        (
            '[keys]\n"list.mark" = "x"',
            "x would hide overview.stop, agents.stop, broker.drop. Choose another key, or change the",
        ),
        (
            '[keys]\n"agents.stop" = " j "',
            "j would be hidden by lines.down. Choose another key, or change the key of lines.down",
        ),
        ('[keys]\n"everywhere.update" = "s"', "s would be hidden by agents.start, messages.search. Choose"),
        ('[keys]\n"execution.kind" = "x"', "x would hide executions.stop. Choose another key"),
        ('[keys]\n"messages.pause" = "spcae"', "spcae is not a key that a terminal sends. Write one or more"),
        ('[keys]\n"messages.pause" = "alt+p"', "alt+p is not a key that a terminal sends. Write one or more"),
        ('[keys]\n"entry.leave" = "x"', "x is text input there. Choose a key that is not text"),
    ],
)
def test_load_preferences_invalid_value_is_one_problem_with_line(
    tmp_path: Path, text: str, expected: str
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        load_preferences(file, known_keys)
    (problem,) = refused.value.problems
    assert str(problem).startswith(str(file))
    assert expected in str(problem)
    assert "\n" not in str(problem)


def test_load_preferences_exchanged_keys_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[keys]\n"messages.pause" = "f"\n"messages.follow" = "space"\n')
    assert load_preferences(file, known_keys).keys == {"messages.pause": "f", "messages.follow": "space"}


def test_load_preferences_keys_without_clash_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    keys = {
        "doctor.again": "u,ctrl+r",
        "everywhere.launch": "L,f5",
        "agents.logs": "v",
        "log.follow": "space",
    }
    file.write_text("[keys]\n" + "".join(f'"{name}" = "{key}"\n' for name, key in keys.items()))
    assert load_preferences(file, known_keys).keys == keys


def test_sample_uncommented_is_valid_and_has_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    text = sample(KNOWN)
    file.write_text(text)
    assert load_preferences(file, known_keys) == Preferences()
    set_lines = [line.removeprefix("# ") for line in text.splitlines() if " = " in line or "[keys]" in line]
    file.write_text("\n".join(set_lines))
    found = load_preferences(file, known_keys)
    assert replace(found, keys={}) == Preferences()
    assert {name: tuple(keys.split(",")) for name, keys in found.keys.items()} == {
        name: known.keys for name, known in KNOWN.actions.items()
    }
