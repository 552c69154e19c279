"""What programs receive at their next start: environment, umask, home, this interpreter."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from ..core.files import write_private
from .launcher import ENVIRONMENT, SUPERVISORS_OWN, USUAL_UMASK
from .paths import SupervisorPaths


def write_environment(paths: SupervisorPaths, environment: Mapping[str, str]) -> None:
    """Write it (mode 0600), and the `python` that supervisord finds first on its PATH."""
    kept = {name: value for name, value in environment.items() if not name.startswith(SUPERVISORS_OWN)}
    kept |= {"SWF_CONSOLE_HOME": str(paths.home), "SWF_STATE_DIR": str(paths.state_dir)}
    stored = {"home": str(paths.home), "environment": kept, "umask": current_umask()}
    write_private(paths.directory / ENVIRONMENT, json.dumps(stored))
    programs = paths.directory / "bin"
    programs.mkdir(mode=0o700, exist_ok=True)
    text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n'
    write_private(programs / "python", text, mode=0o700)


def current_umask() -> int:
    """The umask of this process. os.umask() would change it for a moment, and other threads create files."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("\nUmask:")[2].split(maxsplit=1)[0], 8)
    except (OSError, ValueError, IndexError):
        return USUAL_UMASK


def search_path(paths: SupervisorPaths, environment: Mapping[str, str]) -> str:
    """PATH for supervisord, with our `python` first."""
    return os.pathsep.join(
        [str(paths.here / ".state" / "supervision" / "bin"), environment.get("PATH") or os.defpath]
    )
