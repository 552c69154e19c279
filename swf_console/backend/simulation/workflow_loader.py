"""Which version of which repository a workflow's file is of: asked of git, without a network."""

import hashlib
import importlib.util
import itertools
import os
import re
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import WorkflowFileError
from ..core.suggest import nearest
from .run_numbers import install_compat

PATIENCE = 10.0
GIT = ("git", "-c", "core.fsmonitor=false")


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """Where a file comes from; None is unknown, and `absent` says why nothing is known.

    `path` is relative to the repository. `dirty`: a tracked file differs from the commit, or this file is
    not part of it. `url` leads to this version in the remote's web interface.
    """

    organisation: str | None = None
    repository: str | None = None
    path: str | None = None
    branch: str | None = None
    commit: str | None = None
    tag: str | None = None
    dirty: bool | None = None
    url: str | None = None
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A git remote without the credentials that its URL may have carried."""

    host: str | None
    organisation: str | None
    repository: str | None


def collect_source(path: Path) -> "SourceCollector":
    """Start asking git about `path` in the background; nothing waits until `result` is called."""
    return SourceCollector(path)


class SourceCollector:
    """The question to git while it is under way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answer = SourceVersion(absent=f"git did not answer within {PATIENCE:g} s")
        self._thread = threading.Thread(target=self._collect, name="source-version", daemon=True)
        self._thread.start()

    def result(self, timeout: float = PATIENCE) -> SourceVersion:
        """The answer, waited for at most `timeout` wall seconds; never an error."""
        self._thread.join(timeout)
        return self._answer

    def _collect(self) -> None:
        try:
            self._answer = _ask(self._path)
        except FileNotFoundError:
            self._answer = SourceVersion(absent="git is not installed")
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            self._answer = SourceVersion(absent=f"git cannot be asked: {error}")


def parse_remote(url: str) -> Remote:
    """Take a remote's URL apart: https://, ssh://, user@host:path, or a path of this machine."""
    if "://" in url:
        parts = urlsplit(url)
        host, path = parts.hostname, parts.path
    elif ":" in url and "/" not in url.partition(":")[0]:
        before, _, path = url.partition(":")
        host = before.rpartition("@")[2]
    else:
        host, path = None, url
    names = [name for name in path.strip().split("/") if name]
    if not names:
        return Remote(host, None, None)
    organisation = "/".join(names[:-1]) if host else ""
    return Remote(host or None, organisation or None, names[-1].removesuffix(".git"))


def _ask(path: Path) -> SourceVersion:
    file = path.resolve()
    top = next((folder for folder in file.parents if (folder / ".git").exists()), None)
    if top is None:
        return SourceVersion(absent="the file lies in no git repository")
    git = _Git(top, file.relative_to(top).as_posix())
    if git.refusal:
        return SourceVersion(path=git.file, absent=git.refusal)
    remote = git.remote
    version = SourceVersion(
        remote.organisation, remote.repository, git.file, git.branch, git.commit, git.tag, git.dirty
    )
    return replace(version, url=_web_address(remote, version))


class _Git:
    """Four questions to git, put at the same time."""

    def __init__(self, top: Path, file: str) -> None:
        self.file = file
        questions = {
            "status": ("status", "--porcelain=v2", "--branch", "--untracked-files=no"),
            "tags": ("tag", "--points-at", "HEAD", "--sort=-version:refname"),
            "remotes": ("config", "--get-regexp", r"^remote\..*\.url$"),
            "tracked": ("ls-files", "--", file),
        }
        running = {name: _start(top, question) for name, question in questions.items()}
        answers = {name: process.communicate(timeout=PATIENCE) for name, process in running.items()}
        self._said = {name: out for name, (out, _) in answers.items()}
        complaint = answers["status"][1].strip().splitlines()
        self.refusal = (complaint or ["git failed"])[0] if running["status"].returncode else None

    @cached_property
    def _header(self) -> dict[str, str]:
        lines = [line[2:] for line in self._said["status"].splitlines() if line.startswith("# branch.")]
        return dict(line.split(" ", 1) for line in lines)

    @property
    def branch(self) -> str | None:
        """None on a detached head."""
        name = self._header.get("branch.head")
        return None if name == "(detached)" else name

    @property
    def commit(self) -> str | None:
        """None before the first commit."""
        commit = self._header.get("branch.oid")
        return None if commit == "(initial)" else commit

    @property
    def tag(self) -> str | None:
        """The newest tag of the commit."""
        return next(iter(self._said["tags"].splitlines()), None)

    @property
    def dirty(self) -> bool:
        """Whether what runs may differ from what was committed."""
        changed = any(not line.startswith("#") for line in self._said["status"].splitlines())
        return changed or not self._said["tracked"].strip()

    @property
    def remote(self) -> Remote:
        """`origin`, else the first there is."""
        lines = [line.split(" ", 1) for line in self._said["remotes"].splitlines() if " " in line]
        urls = dict(reversed(lines))
        url = urls.get("remote.origin.url") or next(iter(reversed(urls.values())), "")
        return parse_remote(url)


def _start(folder: Path, question: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start git so that it takes no lock, asks nobody, and minds no variable meant for another repository."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return subprocess.Popen(
        (*GIT, *question),
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def _web_address(remote: Remote, version: SourceVersion) -> str | None:
    if not (remote.host and remote.organisation and remote.repository and version.commit):
        return None
    return f"https://{remote.host}/{remote.organisation}/{remote.repository}/blob/{version.commit}/{version.path}"


PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")

_numbers = itertools.count(1)
_loading = threading.RLock()
_helpers_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class WorkflowCode:
    """A workflow as it was read: what is stored, what is hashed and what runs are the same text."""

    name: str
    path: Path
    source: str
    sha256: str
    executor_class: Callable[[dict[str, Any], Any, str], Any]


def list_workflows(workflows_dir: Path) -> list[str]:
    """The names of the Python files that define a WorkflowExecutor, sorted."""
    return sorted(
        path.stem
        for path in workflows_dir.glob("*.py")
        if PLAIN_NAME.fullmatch(path.stem)
        and path.is_file()
        and b"class WorkflowExecutor" in path.read_bytes()
    )


def load_workflow(workflows_dir: Path, name: str) -> WorkflowCode:
    """Read, compile and execute `workflows_dir`/`name`.py afresh.

    Raises WorkflowFileError, with file and line, for a name that is no plain name of a file inside that
    folder, for a file that is no Python or raises, and for one without WorkflowExecutor.execute.
    """
    path = _find(workflows_dir, name)
    raw, source = _read(path)
    module = _execute(path, name, source)
    return WorkflowCode(name, path, source, hashlib.sha256(raw).hexdigest(), _executor_class(path, module))


def _find(workflows_dir: Path, name: str) -> Path:
    path = workflows_dir / f"{name}.py"
    if not PLAIN_NAME.fullmatch(name):
        problem = f"workflow {name[:100]!r} is no plain name"
    elif not path.is_file():
        problem = f"no workflow {name!r} in {workflows_dir}"
    elif workflows_dir.resolve() not in path.resolve().parents:
        problem = f"workflow {name!r} leads out of {workflows_dir}"
    else:
        return path.absolute()
    known = list_workflows(workflows_dir)
    near = nearest(name.removesuffix(".py"), known) or known
    raise WorkflowFileError(problem, f"Did you mean: {', '.join(near)}?" if near else "")


def _read(path: Path) -> tuple[bytes, str]:
    """The file's bytes and its text, by its byte order mark or coding comment, else UTF-8."""
    try:
        raw = path.read_bytes()
        return raw, importlib.util.decode_source(raw)
    except OSError as error:
        raise WorkflowFileError(f"{path}: cannot be read: {error.strerror}") from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise WorkflowFileError(f"{path}:1: is no Python text: {error}", "Save it as UTF-8") from error


def _execute(path: Path, name: str, source: str) -> ModuleType:
    """Run the file's top level in a module that no other execution shares."""
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise WorkflowFileError(f"{path}:{error.lineno or 1}: {type(error).__name__}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise WorkflowFileError(f"{path}:1: is no Python: {error}") from error
    module = ModuleType(f"swf_workflow_{next(_numbers)}_{name}")
    module.__file__ = str(path)
    with _loading:
        _offer_helpers(path.parent)
        install_compat()
        sys.modules[module.__name__] = module  # dataclasses look their module up while it executes
        try:
            exec(code, module.__dict__)  # noqa: S102 - executing people's workflows is what we are for
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise WorkflowFileError(f"{_where(path, error)}: raises at import: {_said(error)}") from error
        finally:
            del sys.modules[module.__name__]
    return module


def _offer_helpers(folder: Path) -> None:
    """Let workflows import modules that lie beside them, as they are now and not as once imported."""
    global _helpers_dir  # noqa: PLW0603 - sys.path and sys.modules are global too
    prefixes = tuple(f"{one}{os.sep}" for one in (folder, _helpers_dir) if one)
    for key, module in list(sys.modules.items()):
        if key != "__main__" and str(getattr(module, "__file__", None)).startswith(prefixes):
            del sys.modules[key]
    if _helpers_dir not in (None, folder) and str(_helpers_dir) in sys.path:
        sys.path.remove(str(_helpers_dir))
    _helpers_dir = folder
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _executor_class(path: Path, module: ModuleType) -> Callable[[dict[str, Any], Any, str], Any]:
    found = getattr(module, "WorkflowExecutor", None)
    if not isinstance(found, type):
        raise WorkflowFileError(f"{path}:1: has no class WorkflowExecutor")
    if not callable(getattr(found, "execute", None)):
        line = getattr(found, "__firstlineno__", None) or _line_of_class(path)
        raise WorkflowFileError(f"{path}:{line}: WorkflowExecutor has no method execute(env)")
    return found


def _line_of_class(path: Path) -> int:
    lines = path.read_bytes().splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.startswith(b"class WorkflowExecutor")), 1)


def _where(path: Path, error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{frames[-1].lineno if frames else 1}"


def _said(error: BaseException) -> str:
    return " ".join(traceback.format_exception_only(error)[-1].split())
