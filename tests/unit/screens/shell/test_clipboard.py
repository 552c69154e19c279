"""Escape sequences for the clipboard and the window title."""

from swf_console.screens.shell.clipboard import copy_sequence, title_sequence


def test_copy_sequence_wraps_for_tmux_and_screen_and_has_limit() -> None:
    assert copy_sequence("hi", {}) == ("\x1b]52;c;aGk=\a", "OSC 52")
    tmux, how = copy_sequence("hi", {"TMUX": "/tmp/x"})
    assert tmux.endswith("\x1bPtmux;\x1b\x1b]52;c;aGk=\a\x1b\\")
    assert how == "OSC 52 through tmux"
    assert copy_sequence("hi", {"STY": "1"})[0] == "\x1bP\x1b]52;c;aGk=\a\x1b\\"
    assert copy_sequence("x" * 100_000, {})[0] == ""


def test_title_sequence_drops_control_characters() -> None:
    assert title_sequence("a\x1b]0;b\a", {"TERM": "xterm"}) == "\x1b]2;a]0;b\a"
    assert title_sequence("a", {"TERM": "linux"}) == ""
