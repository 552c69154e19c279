"""Editing testbed.toml: nothing else in it changes, and never half a file."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from swf_console.backend.config.edit import check_testbed, save_text, set_in_testbed
from swf_console.backend.core.errors import ConfigurationError, NamespaceError

TEXT = """# top comment
[parameters]   # odd   spacing
# stf_count = 5
physics_period_count   = 2  # two

[testbed]
namespace = 'your-namespace' # mine

[fast_processing]
stf_sampling_rate = 0.050
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "stf_datataking.py").touch()
    (tmp_path / "main.toml").write_text('[workflow]\nname = "stf_datataking"\n[fast_processing]\n')
    (tmp_path / "testbed.toml").write_text(TEXT)
    return tmp_path


def test_set_in_testbed_changes_one_value_only(home: Path) -> None:
    path = home / "testbed.toml"
    set_in_testbed(path, "testbed.namespace", "torre1", home)
    assert path.read_text() == TEXT.replace("'your-namespace'", '"torre1"')
    assert (home / "testbed.toml.previous").read_text() == TEXT
    set_in_testbed(path, "parameters.physics_period_count", 3, home)
    assert "physics_period_count   = 3  # two\n" in path.read_text()
    assert (home / "testbed.toml.previous").read_text() == TEXT.replace("'your-namespace'", '"torre1"')


def test_edit_crlf_line_endings_preserved(home: Path) -> None:
    path = home / "testbed.toml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    set_in_testbed(path, "parameters.physics_period_count", 3, home)
    expected = TEXT.replace("= 2  #", "= 3  #").replace("\n", "\r\n")
    assert path.read_bytes() == expected.encode()


@pytest.mark.parametrize("text", [TEXT + "[more]\na = 1\n", (TEXT + "# end\n").replace("\n", "\r\n")])
def test_save_text_of_an_editor_keeps_crlf(home: Path, text: str) -> None:
    path = home / "testbed.toml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    save_text(path, text)
    assert path.read_bytes() == text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def test_edit_new_key_in_a_crlf_file_has_crlf(home: Path) -> None:
    path = home / "testbed.toml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    set_in_testbed(path, "parameters.stf_count", 3, home)
    saved = path.read_bytes()
    assert b"stf_count = 3" in saved
    assert saved.count(b"\r\n") == saved.count(b"\n")


def test_edit_new_key_and_section_added_and_removed(home: Path) -> None:
    path = home / "testbed.toml"
    set_in_testbed(path, "parameters.stf_count", 4, home)
    set_in_testbed(path, "stf_processing.stf_count", 6, home)
    text = path.read_text()
    assert all(line in text for line in TEXT.splitlines())
    assert "stf_count = 4\n" in text
    assert "[stf_processing]\nstf_count = 6\n" in text
    set_in_testbed(path, "parameters.stf_count", None, home)
    set_in_testbed(path, "nothing.here", None, home)
    assert "stf_count = 4" not in path.read_text()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("testbed.namespace", 3),
        ("parameters.stf_count", -1),
        ("parameters.stf_cuont", 1),
        ("fast_processing.stf_sampling_rate", float("nan")),
        ("stf_processing.stf_sampling_rate", 7.0),
        ("namespace", "x"),
        ("testbed.na me", "x"),
        ("testbed.namespace.x", "x"),
        ("parameters.stf_count", object()),
    ],
)
def test_edit_invalid_value_not_written(home: Path, key: str, value: object) -> None:
    with pytest.raises(ConfigurationError):
        set_in_testbed(home / "testbed.toml", key, value, home)
    assert (home / "testbed.toml").read_text() == TEXT
    assert sorted(each.name for each in home.iterdir()) == ["main.toml", "stf_datataking.py", "testbed.toml"]


@pytest.mark.parametrize("name", ["", " ", "a b", "your-namespace "])
def test_edit_invalid_namespace_not_written(home: Path, name: str) -> None:
    with pytest.raises(NamespaceError):
        set_in_testbed(home / "testbed.toml", "testbed.namespace", name, home)
    assert (home / "testbed.toml").read_text() == TEXT


def test_edit_existing_problem_does_not_block(home: Path) -> None:
    path = home / "testbed.toml"
    path.write_text(TEXT + "\n[stf_processing]\nstf_cuont = 1\n")
    set_in_testbed(path, "parameters.stf_count", 4, home)
    assert "stf_count = 4" in path.read_text()


def test_edit_broken_other_configuration_does_not_block(home: Path) -> None:
    (home / "bad.toml").write_text("[x\n")
    set_in_testbed(home / "testbed.toml", "parameters.stf_count", 4, home)
    assert "stf_count = 4" in (home / "testbed.toml").read_text()


def save(path: Path, text: str, workflows_dir: Path) -> None:
    """What the editor of the console does with a whole text."""
    check_testbed(path, text, workflows_dir)
    save_text(path, text)


def test_save_text_checked_and_saved(home: Path) -> None:
    path = home / "testbed.toml"
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        save(path, "[x\n", home)
    assert path.read_text() == TEXT
    save(path, '[testbed]\nnamespace = "new"\n', home)
    assert path.read_text() == '[testbed]\nnamespace = "new"\n'
    save(home / "fresh.toml", '[testbed]\nnamespace = "n"\n', home)
    assert (home / "fresh.toml").exists()


def test_edit_broken_testbed_can_be_repaired(home: Path) -> None:
    path = home / "testbed.toml"
    path.write_text("[testbed\n")
    save(path, '[testbed]\nnamespace = "n"\n', home)
    assert (home / "testbed.toml.previous").read_text() == "[testbed\n"


def test_edit_mode_and_link_preserved(home: Path, tmp_path: Path) -> None:
    real = tmp_path / "shared"
    real.mkdir()
    (home / "testbed.toml").rename(real / "mine.toml")
    (real / "mine.toml").chmod(0o640)
    (home / "testbed.toml").symlink_to(real / "mine.toml")
    set_in_testbed(home / "testbed.toml", "parameters.stf_count", 4, home)
    assert (home / "testbed.toml").is_symlink()
    for name in ("mine.toml", "mine.toml.previous"):
        assert stat.S_IMODE((real / name).stat().st_mode) == 0o640


def test_edit_failed_write_leaves_file_unchanged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        set_in_testbed(home / "testbed.toml", "parameters.stf_count", 4, home)
    assert (home / "testbed.toml").read_text() == TEXT
    assert sorted(each.name for each in home.iterdir()) == ["main.toml", "stf_datataking.py", "testbed.toml"]


def test_edit_missing_folder_one_line_error(home: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be edited"):
        save(home / "gone" / "testbed.toml", "", home)


def test_edit_concurrent_edits_both_kept(home: Path) -> None:
    path = home / "testbed.toml"
    keys = [f"agents.a{number}.count" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: set_in_testbed(path, key, 2, home), keys))
    assert all(f"a{number}" in path.read_text() for number in range(8))


def test_config_reading_does_not_import_tomlkit() -> None:
    code = (
        "import sys, pathlib, swf_console.backend.config.load as c;"
        "c.compose(pathlib.Path(sys.argv[1]), 'fast_processing_default');"
        "sys.exit(bool({'tomlkit', 'difflib', 'tempfile', 'sqlalchemy'} & set(sys.modules)))"
    )
    workflows = Path(__file__).parents[4] / "workflows"
    assert subprocess.run([sys.executable, "-c", code, workflows], check=False).returncode == 0
