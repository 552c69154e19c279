"""What a console remembers."""

from pathlib import Path

from swf_console.viewmodels.ui_state import UiState


def test_memory_is_kept_per_namespace_and_survives_rubbish(tmp_path: Path) -> None:
    memory = UiState(tmp_path)
    memory.remember("a", "screen", "messages")
    memory.remember("b", "screen", "agents")
    memory.save()
    assert UiState(tmp_path).recall("a", "screen") == "messages"
    assert UiState(tmp_path).recall("c", "screen") is None
    (tmp_path / "console-memory.json").write_text('{"a": 1, "b": ')
    assert UiState(tmp_path).recall("a", "screen") is None
