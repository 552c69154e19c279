"""What the programs get at their next start: the environment, the home, the interpreter that runs us."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .place import Place

ENVIRONMENT = "environment.json"
PROGRAMS = "programs.json"
OWN = "SUPERVISOR_"


def write_environment(place: Place, environment: Mapping[str, str]) -> None:
    """Write it (mode 0600), and the `python` that supervisord finds first on its PATH."""
    kept = {name: value for name, value in environment.items() if not name.startswith(OWN)}
    kept |= {"SWF_CONSOLE_HOME": str(place.home), "SWF_STATE_DIR": str(place.state_dir)}
    write_private(place.directory / ENVIRONMENT, json.dumps({"home": str(place.home), "environment": kept}))
    programs = place.directory / "bin"
    programs.mkdir(mode=0o700, exist_ok=True)
    text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n'
    write_private(programs / "python", text, mode=0o700)


def search_path(place: Place, environment: Mapping[str, str]) -> str:
    """PATH for supervisord: our `python` first."""
    return os.pathsep.join(
        [str(place.here / ".state" / "supervision" / "bin"), environment.get("PATH") or os.defpath]
    )


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file that only its owner can read, at once or not at all; unchanged text is left alone."""
    if path.is_file() and path.read_text(errors="replace") == text:
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object that a file of ours holds; {} where there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
