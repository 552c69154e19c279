"""Importing one module of messaging does not load what it does not need."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("message", "stomp"),
        ("publisher", "stomp"),
        ("embedded", "stomp"),
        ("endpoint", "subprocess"),
        ("connection", "sqlalchemy"),
    ],
)
def test_messaging_module_loads_only_what_it_uses(module: str, unwanted: str) -> None:
    code = f"import sys, swf_console.backend.messaging.{module}; print({unwanted!r} in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
