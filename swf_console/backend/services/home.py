"""Creating a home from the templates of a wheel or the checkout; updating an older home."""

import difflib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...old_names import rewritten
from ..config.documents import Document, parse_document
from ..config.edit import edited, save_text
from ..core.errors import ConfigurationError, Refused, SwfError, UsageError

FOLDERS = ("workflows", "agents")
SUPERVISION = "agents.supervisord.conf"
IGNORED = ".state/"
INCLUDED = "supervision"  # in the state directory: programs declared by configurations


@dataclass(frozen=True, slots=True)
class Update:
    """A file of a home before and after the update."""

    path: Path
    before: str
    after: str

    def diff(self, home: Path) -> str:
        """The lines that differ, as `diff -u` shows them."""
        shown = self.path.relative_to(home) if self.path.is_relative_to(home) else self.path
        before, after = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, f"a/{shown}", f"b/{shown}"))


def write_home(directory: Path) -> list[Path]:
    """Write workflows, agents and the supervisord configuration into `directory`; return the files.

    Raises Refused if a file of a home exists already, UsageError if the directory is not writable; then
    nothing stays written.
    """
    directory = directory.expanduser().absolute()
    templates = find_templates()
    targets = {directory / path.relative_to(templates): path for path in template_files(templates)}
    existing = [target for target in targets if target.exists() or target.is_symlink()]
    if existing:
        others = f" and {len(existing) - 1} more" if len(existing) > 1 else ""
        raise Refused(f"{existing[0]}{others}: exists already", "Name a directory without a home")
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
            f"{error.filename or directory}: the home cannot be written: {error.strerror}",
            "Name a writable directory",
        ) from error
    return [*written, directory / ".gitignore"]


def find_updates(home: Path, state_dir: Path) -> list[Update]:
    """Updates of the files that name modules of 0.1, with a new version of each workflow that changes.

    Files that are not UTF-8 text are ignored.
    """
    scripts = [path for folder in FOLDERS for path in sorted((home / folder).rglob("*.py"))]
    others = [home / SUPERVISION, *sorted((state_dir / INCLUDED).glob("*.conf"))]
    found = [
        Update(path, before, after)
        for path in [*(path for path in scripts if not _left_over(path.relative_to(home))), *others]
        if (before := _text(path)) is not None
        and (after := rewritten(before, python=path.suffix == ".py")) != before
    ]
    changed = {one.path.stem for one in found if one.path.parent == home / "workflows"}
    return [*found, *_new_versions(home / "workflows", changed)]


def save_updates(updates: list[Update]) -> None:
    """Write the updates; each former file is saved beside it as `.previous`.

    Raises Refused if a file has changed meanwhile, ConfigurationError if one cannot be written.
    """
    for one in updates:
        if _text(one.path) != one.before:
            raise Refused(f"{one.path}: has changed meanwhile", "Run the command again")
        save_text(one.path, one.after)


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


def _new_versions(workflows: Path, changed: set[str]) -> Iterator[Update]:
    """A new version in each configuration of a changed workflow: a definition never changes its code."""
    if not changed:
        return
    known: dict[str, list[tuple[Document, str]]] = {}
    for path in sorted(workflows.glob("*.toml")):
        try:
            document = parse_document(_text(path) or "", path)
        except ConfigurationError:
            continue
        table = document.data.get("workflow")
        if isinstance(table, dict) and table.get("name") in changed and isinstance(table.get("version"), str):
            known.setdefault(table["name"], []).append((document, table["version"]))
    for files in known.values():
        used = {version for _, version in files}
        for document, version in files:
            after = edited(document, "workflow.version", _after(version, used))
            yield Update(document.path, document.text, after)


def _after(version: str, used: set[str]) -> str:
    """The next version that no configuration uses."""
    while version in used:
        last = re.search(r"[0-9]+$", version)
        version = f"{version[: last.start()]}{int(last[0]) + 1}" if last else f"{version}.1"
    return version


def find_templates() -> Path:
    """The folder with the files of a home: in the wheel, else the checkout of this code."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "templates", package.parent):
        if (folder / "workflows" / "testbed.toml").is_file():
            return folder
    raise SwfError(f"{package}: the templates of a home are missing", "Reinstall swf-console")


def template_files(templates: Path) -> list[Path]:
    """Every file of a home, without caches of Python and backups of editors."""
    found = [path for folder in FOLDERS for path in sorted((templates / folder).rglob("*")) if path.is_file()]
    return [path for path in [*found, templates / SUPERVISION] if not _left_over(path.relative_to(templates))]


def ignore_state(path: Path) -> None:
    """Add the state directory to .gitignore, unless it is listed."""
    text = path.read_text() if path.exists() else ""
    if IGNORED in text.splitlines():
        return
    separator = "" if not text or text.endswith("\n") else "\n"
    path.write_text(f"{text}{separator}{IGNORED}\n")


def _left_over(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return hidden or path.suffix == ".pyc" or path.name.endswith("~")
