"""The base of the agents beside it, found also where the home's .venv is not the active one."""

import os
import sys
from pathlib import Path

try:
    from swf_console.backend.agent import EPICTOPIC, MONITORING_QUEUE, Agent, Message, Work
except ModuleNotFoundError as error:
    VENV = Path(__file__).resolve().parent.parent / ".venv"
    if error.name != "swf_console" or not (VENV / "bin/python").exists() or Path(sys.prefix) == VENV:
        raise
    os.execv(VENV / "bin/python", [str(VENV / "bin/python"), *sys.argv])  # noqa: S606

__all__ = ["EPICTOPIC", "MONITORING_QUEUE", "Agent", "Message", "Work"]
