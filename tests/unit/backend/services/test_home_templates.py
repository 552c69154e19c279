"""`swf-console init DIR` writes a home and harms nothing that is there."""

from pathlib import Path

import pytest

from swf_console.backend.core.errors import Refused, SwfError, UsageError
from swf_console.backend.core.settings import find_home
from swf_console.backend.services import home
from swf_console.backend.services.home import write_home


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small set of templates in place of the project's own."""
    folder = tmp_path / "templates"
    for name in ("workflows/testbed.toml", "workflows/deep/more.toml", "agents/README.md", home.SUPERVISION):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n")
    monkeypatch.setattr(home, "find_templates", lambda: folder)
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_init_home_has_all_templates(templates: Path, tmp_path: Path) -> None:
    made = tmp_path / "a new" / "home"
    written = write_home(made)
    assert contents(made) == {**contents(templates), ".gitignore": ".state/\n"}
    assert sorted(written) == sorted(made / name for name in contents(made))
    assert find_home({}, None, made) == made


def test_init_caches_and_backups_not_copied(templates: Path, tmp_path: Path) -> None:
    for name in ("workflows/__pycache__/a.pyc", "workflows/.testbed.toml.swp", "agents/README.md~"):
        (templates / name).parent.mkdir(exist_ok=True)
        (templates / name).touch()
    write_home(tmp_path / "home")
    assert not [name for name in contents(tmp_path / "home") if "pyc" in name or "swp" in name or "~" in name]


def test_init_existing_file_kept_nothing_written(templates: Path, tmp_path: Path) -> None:
    (tmp_path / "home/agents").mkdir(parents=True)
    (tmp_path / "home/agents/README.md").write_text("mine")
    with pytest.raises(Refused, match=r"README\.md: exists already"):
        write_home(tmp_path / "home")
    assert contents(tmp_path / "home") == {"agents/README.md": "mine"}


def test_init_dangling_link_kept(templates: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / home.SUPERVISION).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused):
        write_home(tmp_path / "home")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.log", "*.log\n.state/\n"),
        ("*.log\n", "*.log\n.state/\n"),
        (".state/\n*.log\n", ".state/\n*.log\n"),
    ],
)
def test_init_existing_gitignore_kept(templates: Path, tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitignore").write_text(before)
    write_home(tmp_path / "home")
    assert (tmp_path / "home/.gitignore").read_text() == after


def test_init_file_instead_of_directory_one_line(templates: Path, tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(UsageError, match="the home cannot be written"):
        write_home(tmp_path / "home")


def test_init_failure_leaves_no_files(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(home, "ignore_state", full)
    with pytest.raises(UsageError, match="No space left"):
        write_home(tmp_path / "home")
    assert contents(tmp_path / "home") == {}


def test_init_missing_templates_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "__file__", str(tmp_path / "swf_console/backend/services/home.py"))
    with pytest.raises(SwfError, match="templates of a home are missing"):
        home.find_templates()
