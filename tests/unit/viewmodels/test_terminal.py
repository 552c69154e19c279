"""Theme and symbols that a terminal can show."""

import pytest

from swf_console.viewmodels.preferences import Preferences
from swf_console.viewmodels.terminal import symbols_of, theme_of


@pytest.mark.parametrize(
    ("environ", "theme", "symbols"),
    [
        ({"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"}, "dark", "unicode"),
        ({"TERM": "tmux-256color"}, "dark", "unicode"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark", "unicode"),
        ({"TERM": "xterm"}, "16-colour", "unicode"),
        ({"TERM": "screen", "LC_ALL": "C", "LANG": "en_GB.UTF-8"}, "16-colour", "ascii"),
        ({"TERM": "linux", "LANG": "en_GB.UTF-8"}, "16-colour", "ascii"),
        ({"TERM": "xterm-16color", "LANG": "de_DE.ISO-8859-1"}, "16-colour", "ascii"),
        ({}, "16-colour", "unicode"),
    ],
)
def test_terminal_environment_selects_theme_and_symbols(
    environ: dict[str, str], theme: str, symbols: str
) -> None:
    assert (theme_of(Preferences(), environ), symbols_of(Preferences(), environ)) == (theme, symbols)
    chosen = Preferences(theme="light", symbols="ascii")
    assert (theme_of(chosen, environ), symbols_of(chosen, environ)) == ("light", "ascii")
