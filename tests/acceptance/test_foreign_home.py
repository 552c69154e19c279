"""A directory that is laid out like a clone of the existing testbed is a home as it is."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.homes import CHECKOUT
from ..support.processes.testbed import Testbed
from ..support.simulation import FOUNDING
from ..support.waiting import wait_for

SUPERVISION = """\
[unix_http_server]
file=/tmp/swf-agents-supervisor-%(ENV_USER)s.sock
[supervisord]
logfile=%(here)s/logs/agents-supervisord.log
[program:example-data-agent]
command=python example_agents/example_data_agent.py
directory=%(ENV_SWF_HOME)s/swf-testbed
"""
CONFIGURATION = """\
[workflow]
name = "fast_processing"
version = "1.0"
includes = ["daq_state_machine.toml"]

[agents.listener]
enabled = true
script = "example_agents/my listener_script.py"

[fast_processing]
stf_count = 3
physics_period_count = 1
"""
TESTBED = """\
[testbed]
namespace = "torre1"

[workflow]
name = "stf_datataking"
config = "fast_processing_default"
realtime = false
"""


@pytest.fixture
def foreign_testbed(template: Path, tmp_path: Path) -> Iterator[Testbed]:
    """Configurations and workflow of the founding document, and an agent with a Python of its own."""
    home = tmp_path / "swf-testbed"
    workflows = home / "workflows"
    workflows.mkdir(parents=True)
    shutil.copy(template / "workflows/daq_state_machine.toml", workflows)
    shutil.copy(FOUNDING, workflows / "stf_datataking.py")
    (workflows / "fast_processing_default.toml").write_text(CONFIGURATION)
    (workflows / "testbed.toml").write_text(TESTBED)
    (home / "agents.supervisord.conf").write_text(SUPERVISION)
    (home / "example_agents").mkdir()
    page = (CHECKOUT / "docs/writing-an-agent.md").read_text()
    script = re.search(r"```python\n(import os\nimport time\n.*?)```", page, re.DOTALL)
    assert script is not None
    (home / "example_agents/my listener_script.py").write_text(script[1])
    python = home / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "python of $VIRTUAL_ENV"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    made = Testbed(home)
    yield made
    made.close()


def test_foreign_home_runs_as_it_is(foreign_testbed: Testbed) -> None:
    home = foreign_testbed.home
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert "valid" in foreign_testbed.type("swf-console", "config", "validate")
    chosen = ("--workflow-config", "fast_processing_default", "--stf-count", "2")
    once = foreign_testbed.type("swf-console", "--run", "stf_datataking", *chosen)
    assert "completed" in once

    said = foreign_testbed.type("testbed", "run", "fast_processing")
    assert "it is used with workflow stf_datataking" in said
    log = home / ".state/logs/listener.log"

    def heard() -> bool:
        # its subscription is not durable: what was sent before it is lost
        foreign_testbed.type("testbed", "run")
        return log.read_text().count('"stf_gen"') >= 3

    wait_for(lambda: "listener" in foreign_testbed.running() and heard(), 60, every=0.5)
    assert log.read_text().startswith(f"python of {home / '.venv'}\n")
    assert foreign_testbed.running() >= {"listener", "monitor", "embedded-broker", "workflow-runner"}

    stopped = foreign_testbed.type("testbed", "stop")
    assert re.search(r"listener +- +stopped", stopped)
    assert foreign_testbed.running() == set()
    left = {path: path.read_bytes() for path in before}
    assert left == before


def test_foreign_home_broken_script_is_named_and_leaves_nothing_running(foreign_testbed: Testbed) -> None:
    (foreign_testbed.home / "example_agents/my listener_script.py").unlink()
    said = foreign_testbed.type("testbed", "run", "fast_processing", code=2)
    assert "my listener_script.py" in said
    assert foreign_testbed.running() == set()
