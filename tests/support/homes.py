"""Homes of a test's own, and the command line in them."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def plain_environment(**more: str) -> dict[str, str]:
    """The environment of a person who has set nothing."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {name: os.environ[name] for name in kept if name in os.environ} | pip | more


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    """Run a command without a terminal and keep what it says; its exit code is the caller's to judge."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=dict(environment) if environment is not None else plain_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
