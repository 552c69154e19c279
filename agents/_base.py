"""The base of the agents in this folder; finds swf-console even if the home's .venv is not activated."""

import os
import sys
from pathlib import Path

try:
    from swf_console.agent import EPICTOPIC, MONITORING_QUEUE, Agent, HandlerContext, Message
except ModuleNotFoundError as error:
    VENV = Path(__file__).resolve().parent.parent / ".venv"
    if error.name != "swf_console" or not (VENV / "bin/python").exists() or Path(sys.prefix) == VENV:
        raise
    os.execv(VENV / "bin/python", [str(VENV / "bin/python"), *sys.argv])  # noqa: S606

Work = HandlerContext  # its name in agents written for 0.1

__all__ = ["EPICTOPIC", "MONITORING_QUEUE", "Agent", "HandlerContext", "Message", "Work"]
