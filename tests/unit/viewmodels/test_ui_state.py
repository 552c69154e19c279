"""UI state that is saved between two consoles."""

from pathlib import Path

from swf_console.viewmodels.ui_state import UiState


def test_ui_state_saved_by_namespace_and_broken_file_is_ignored(tmp_path: Path) -> None:
    state = UiState(tmp_path)
    state.remember("a", "screen", "messages")
    state.remember("b", "screen", "agents")
    state.save()
    assert UiState(tmp_path).recall("a", "screen") == "messages"
    assert UiState(tmp_path).recall("c", "screen") is None
    (tmp_path / "console-memory.json").write_text('{"a": 1, "b": ')
    assert UiState(tmp_path).recall("a", "screen") is None
