"""Checks of a home: files, state directory, configurations, workflows, ports."""

import os
import shlex
import shutil
import socket
import stat
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from ....broker.journal_file import JOURNAL_FILE, check_file
from ....config.list import configuration_names
from ....core.errors import SwfError, UsageError
from ....core.files import LOCAL_DISK, lock_problem
from ....core.format import size
from ....core.settings import LOOPBACK, Settings
from ....messaging.embedded import BROKER_FILE, find_running
from ....simulation.workflow_loader import list_workflows, load_workflow
from ...configurations import problems_of
from ...home import find_updates
from ..namespace import probe_namespace
from .checks import Check, CheckFunction, fail, listed, ok, warn

LITTLE_SPACE = 1_000_000_000
TOO_LITTLE_SPACE = 100_000_000
FEW_INODES = 100
PRIVATE_FILES = (BROKER_FILE, "swf.db")


def check_home(settings: Settings) -> Check:
    """The home and its workflows folder."""
    if not os.access(settings.workflows_dir, os.R_OK | os.X_OK):
        return fail("home", f"{settings.workflows_dir} cannot be read", "Fix its permissions")
    return ok("home", str(settings.home))


def check_state_directory(settings: Settings) -> Check:
    """That the state directory is writable, and private to this user."""
    folder = settings.state_dir
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode != 0o700:
        return fail("state directory", f"{folder} has mode {mode:04o}", f"chmod 700 {folder}")
    if not os.access(folder, os.W_OK):
        return fail(
            "state directory", f"{folder} is not writable", "Set SWF_STATE_DIR to a writable directory"
        )
    loose = [folder / name for name in PRIVATE_FILES if _open_to_others(folder / name)]
    if loose:
        return warn("state directory", f"other users may read {listed(loose)}", f"chmod 600 {loose[0]}")
    return ok("state directory", f"{folder}, mode 0700")


def check_disk(settings: Settings) -> Check:
    """The free space and inodes on the disk of the state directory."""
    free = shutil.disk_usage(settings.state_dir).free
    found = f"{size(free)} free at {settings.state_dir}"
    if free < TOO_LITTLE_SPACE:
        return fail("disk", found, "Free space, or set SWF_STATE_DIR to another disk")
    inodes = os.statvfs(settings.state_dir)
    # some file systems, such as btrfs, have no fixed number of inodes and report 0 of 0
    if inodes.f_files and inodes.f_favail < FEW_INODES:
        found = f"{inodes.f_favail:,} inodes free at {settings.state_dir}"
        return fail("disk", found, "Delete files, or set SWF_STATE_DIR to another disk")
    if free < LITTLE_SPACE:
        return warn("disk", found, "Free space soon, or set SWF_STATE_DIR to another disk")
    return ok("disk", found)


def check_locks(settings: Settings) -> Check:
    """That the file system of the state directory supports locks, which NFS may not."""
    if problem := lock_problem(settings.state_dir):
        return fail("locks", f"files in {settings.state_dir} cannot be locked: {problem}", LOCAL_DISK)
    return ok("locks", "files in the state directory can be locked")


def check_broker_journal(settings: Settings) -> Check:
    """The journal that the next embedded broker will open."""
    if settings.broker or find_running(settings.state_dir):
        return ok("broker journal", "not checked: in use" if not settings.broker else "not used")
    try:
        check_file(settings.state_dir / JOURNAL_FILE)
    except UsageError as error:
        return fail("broker journal", error.message, error.advice)
    return ok("broker journal", "can be opened")


def check_namespace(settings: Settings) -> Check:
    """The namespace that testbed.toml names."""
    health = probe_namespace(settings)
    if health.name is None:
        return fail("namespace", health.error or "none", health.advice)
    return ok("namespace", f"{health.name}, from {health.file}")


def check_configurations(settings: Settings) -> Check:
    """Every configuration, with the overrides of testbed.toml."""
    problems = problems_of(settings)
    if problems:
        return fail("configurations", listed(problems), "List all: swf-console config validate")
    count = len(configuration_names(settings.workflows_dir))
    if not count:
        return warn(
            "configurations", f"none in {settings.workflows_dir}", "Create a home: swf-console init DIR"
        )
    return ok("configurations", f"{count} valid")


def check_workflows(settings: Settings) -> Check:
    """Every workflow file, loaded as a run loads it."""
    names = list_workflows(settings.workflows_dir)
    broken = [error for name in names if (error := _load_error(settings.workflows_dir, name))]
    if broken:
        return fail("workflows", listed(broken), "Fix the file")
    if not names:
        return warn("workflows", f"none in {settings.workflows_dir}", "Create a home: swf-console init DIR")
    return ok("workflows", f"{', '.join(names)} can be loaded")


def check_public_names(settings: Settings) -> Check:
    """That files of the home import public modules only."""
    updates = find_updates(settings.home, settings.state_dir)
    if updates:
        names = listed([one.path.name for one in updates])
        advice = f"swf-console init --update {shlex.quote(str(settings.home))}"
        return warn("public names", f"{names}: written for swf-console 0.1", advice)
    return ok("public names", "files of the home import public modules only")


def check_ports(settings: Settings) -> Check:
    """The port of the embedded broker, if one is set."""
    if settings.broker:
        return ok("ports", "the embedded broker is not used")
    if not settings.broker_port:
        return ok("ports", "the embedded broker uses a free port")
    running = find_running(settings.state_dir)
    if running and running.port == settings.broker_port:
        return ok("ports", f"{running.port} is used by the broker of this home")
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, settings.broker_port))
    except OSError as error:
        advice = "Set SWF_BROKER_PORT to another port, or unset it for a free one"
        return fail("ports", f"{settings.broker_port} cannot be used: {error.strerror}", advice)
    return ok("ports", f"{settings.broker_port} is free")


def _open_to_others(path: Path) -> bool:
    return path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _load_error(workflows_dir: Path, name: str) -> str | None:
    try:
        with redirect_stdout(StringIO()):
            load_workflow(workflows_dir, name)
    except SwfError as error:
        return str(error)
    return None


HOME: tuple[CheckFunction, ...] = (
    check_home,
    check_state_directory,
    check_disk,
    check_locks,
    check_broker_journal,
    check_namespace,
    check_configurations,
    check_workflows,
    check_public_names,
    check_ports,
)
