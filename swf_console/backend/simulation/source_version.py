"""The git version of a workflow's file, without a network."""

import os
import subprocess
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

GIT_SECONDS = 10.0
GIT = ("git", "-c", "core.fsmonitor=false")


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """The git version of a file; None is unknown, and `absent` says why nothing is known.

    `path` is relative to the repository. `dirty`: a tracked file differs from the commit, or this file is
    not part of it. `url` is this version in the remote's web interface, if the commit has the file.
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
    """A git remote without the credentials in its URL."""

    host: str | None
    organisation: str | None
    repository: str | None


def collect_source(path: Path) -> "SourceCollector":
    """Start git for `path` in the background; nothing waits until result() is called."""
    return SourceCollector(path)


class SourceCollector:
    """Runs git in the background."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answer = SourceVersion(absent=f"git did not answer within {GIT_SECONDS:g} s")
        self._thread = threading.Thread(target=self._collect, name="source-version", daemon=True)
        self._thread.start()

    def result(self, timeout: float = GIT_SECONDS) -> SourceVersion:
        """The version, after at most `timeout` wall seconds; never raises."""
        self._thread.join(timeout)
        return self._answer

    def _collect(self) -> None:
        try:
            self._answer = _read_version(self._path)
        except FileNotFoundError:
            self._answer = SourceVersion(absent="git is not installed")
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            self._answer = SourceVersion(absent=f"git failed: {error}")


def parse_remote(url: str) -> Remote:
    """Parse a remote's URL: https://, ssh://, user@host:path, or a local path."""
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


def _read_version(path: Path) -> SourceVersion:
    file = path.resolve()
    top = next((folder for folder in file.parents if (folder / ".git").exists()), None)
    if top is None:
        return SourceVersion(absent="the file is not in a git repository")
    git = _Git(top, file.relative_to(top).as_posix())
    if git.refusal:
        return SourceVersion(path=git.file, absent=git.refusal)
    remote = git.remote
    version = SourceVersion(
        remote.organisation, remote.repository, git.file, git.branch, git.commit, git.tag, git.dirty
    )
    return replace(version, url=_web_address(remote, version) if git.is_committed else None)


class _Git:
    """The output of four git commands that run at the same time."""

    def __init__(self, top: Path, file: str) -> None:
        self.file = file
        queries = {
            "status": ("status", "--porcelain=v2", "--branch", "--untracked-files=no"),
            "tags": ("tag", "--points-at", "HEAD", "--sort=-version:refname"),
            "remotes": ("config", "--get-regexp", r"^remote\..*\.url$"),
            "tracked": ("ls-tree", "--name-only", "HEAD", "--", file),
        }
        running = {name: _start_git(top, query) for name, query in queries.items()}
        answers = {name: process.communicate(timeout=GIT_SECONDS) for name, process in running.items()}
        self._output = {name: out for name, (out, _) in answers.items()}
        stderr_lines = answers["status"][1].strip().splitlines()
        self.refusal = (stderr_lines or ["git failed"])[0] if running["status"].returncode else None

    @cached_property
    def _header(self) -> dict[str, str]:
        lines = [line[2:] for line in self._output["status"].splitlines() if line.startswith("# branch.")]
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
        return next(iter(self._output["tags"].splitlines()), None)

    @property
    def is_committed(self) -> bool:
        """Whether the commit has the file: only then does a link to it lead anywhere."""
        return bool(self._output["tracked"].strip())

    @property
    def dirty(self) -> bool:
        """Whether the executed file may differ from the commit."""
        changed = any(not line.startswith("#") for line in self._output["status"].splitlines())
        return changed or not self.is_committed

    @property
    def remote(self) -> Remote:
        """`origin`, else the first remote."""
        lines = [line.split(" ", 1) for line in self._output["remotes"].splitlines() if " " in line]
        urls = dict(reversed(lines))
        url = urls.get("remote.origin.url") or next(iter(reversed(urls.values())), "")
        return parse_remote(url)


def _start_git(folder: Path, query: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start git without locks and prompts, and without variables that point to another repository."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return subprocess.Popen(
        (*GIT, *query),
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
