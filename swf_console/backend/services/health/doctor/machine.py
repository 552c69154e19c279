"""Checks of the machine: Python, packages, git."""

import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from .checks import Check, fail, ok, warn

OLDEST = (3, 11)
PACKAGE = "swf-console"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PATIENCE = 3.0


def check_python() -> Check:
    """The version of Python."""
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= OLDEST:
        return ok("python", found)
    return fail("python", found, "Install Python 3.11 or newer, then: make run")


def check_packages() -> Check:
    """Whether all required packages are installed."""
    try:
        wanted = [line for line in requires(PACKAGE) or [] if "extra ==" not in line]
    except PackageNotFoundError:
        return warn(
            "packages", f"{PACKAGE} is not installed, it runs from its folder", "Install it: make run"
        )
    names = [match[0] for line in wanted if (match := NAME.match(line))]
    missing = [name for name in names if not _installed(name)]
    if missing:
        return fail("packages", f"missing: {', '.join(missing)}", "Install them: make run")
    return ok("packages", f"{PACKAGE} {version(PACKAGE)} and {len(names)} required packages")


def check_git() -> Check:
    """Whether git is available to record the commit of workflow code."""
    advice = "Install git: without it executions do not record the commit of their code"
    if shutil.which("git") is None:
        return warn("git", "not installed", advice)
    try:
        done = subprocess.run(
            ["git", "--version"], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return warn("git", f"does not work: {error}", advice)
    return ok("git", done.stdout.strip().removeprefix("git version "))


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


MACHINE = (check_python, check_packages, check_git)
