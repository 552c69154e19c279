"""Finds swf-console for the thin commands beside it, also where the home's .venv is not the active one."""

import os
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent


def swf_console(*arguments: str) -> int:
    """Run `swf-console` for this home, in the home's own .venv if this Python does not know it."""
    try:
        from swf_console.cli import main
    except ImportError:
        python = HOME / ".venv" / "bin" / "python"
        if not python.exists() or Path(sys.prefix) == HOME / ".venv":
            sys.exit("swf-console is not installed for this Python: run `make run` in the home first")
        os.execv(python, [str(python), *sys.argv])  # noqa: S606
    return main(["--home", str(HOME), *arguments])
