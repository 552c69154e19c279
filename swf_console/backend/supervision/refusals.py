"""Why a process could not be started, as its launcher left it."""

import json
from pathlib import Path

from .files import read_json, write_private
from .records import Explanation

SUFFIX = ".json"


def write_refusal(directory: Path, process: str, reason: str, advice: str) -> None:
    """Leave the reason for whoever asks."""
    write_private(_path(directory, process), json.dumps({"reason": reason, "advice": advice}))


def read_refusal(directory: Path, process: str) -> Explanation | None:
    """The reason, where the last start was refused."""
    told = read_json(directory / "refusals" / f"{process}{SUFFIX}")
    return Explanation(str(told["reason"]), str(told.get("advice", ""))) if "reason" in told else None


def clear_refusal(directory: Path, process: str) -> None:
    """Forget it: the process starts."""
    _path(directory, process).unlink(missing_ok=True)


def _path(directory: Path, process: str) -> Path:
    folder = directory / "refusals"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{process}{SUFFIX}"
