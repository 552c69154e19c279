"""A new home, written from the templates that a wheel carries or from the checkout itself."""

import shutil
from pathlib import Path

from ..errors import Refused, SwfError, UsageError

FOLDERS = ("workflows", "agents")
SUPERVISION = "agents.supervisord.conf"
IGNORED = ".state/"


def write_home(directory: Path) -> list[Path]:
    """Write workflows, agents and the supervisord configuration into `directory`; returns the files.

    Raises Refused where a file of a home is there already (nothing is written then), UsageError where
    the directory cannot be written.
    """
    directory = directory.expanduser().absolute()
    templates = find_templates()
    targets = {directory / path.relative_to(templates): path for path in template_files(templates)}
    there = [target for target in targets if target.exists() or target.is_symlink()]
    if there:
        others = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise Refused(f"{there[0]}{others}: there already", "Name a directory without a home in it")
    written: list[Path] = []
    try:
        for target, template in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            with template.open("rb") as source, target.open("xb") as copy:
                written.append(target)
                shutil.copyfileobj(source, copy)
        ignore_state(directory / ".gitignore")
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise UsageError(
            f"{error.filename or directory}: no home can be written here: {error.strerror}",
            "Name a directory that you may write",
        ) from error
    return [*written, directory / ".gitignore"]


def find_templates() -> Path:
    """The folder that holds the files of a home: in the wheel, else the checkout that this code lies in."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "templates", package.parent):
        if (folder / "workflows" / "testbed.toml").is_file():
            return folder
    raise SwfError(f"{package}: the templates of a home are missing", "Install swf-console again")


def template_files(templates: Path) -> list[Path]:
    """Every file of a home, without what Python or an editor left beside them."""
    found = [path for folder in FOLDERS for path in sorted((templates / folder).rglob("*")) if path.is_file()]
    return [path for path in [*found, templates / SUPERVISION] if not _left_over(path.relative_to(templates))]


def ignore_state(path: Path) -> None:
    """See to it that git leaves the state directory alone, keeping what the file says already."""
    text = path.read_text() if path.exists() else ""
    if IGNORED in text.splitlines():
        return
    separator = "" if not text or text.endswith("\n") else "\n"
    path.write_text(f"{text}{separator}{IGNORED}\n")


def _left_over(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return hidden or path.suffix == ".pyc" or path.name.endswith("~")
