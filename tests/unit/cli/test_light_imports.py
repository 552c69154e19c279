"""What a question loads: never the console's libraries, never those of upgrades."""

import json
import sys
from pathlib import Path

import pytest

from swf_console.backend.services.home import write_home
from tests.support.homes import plain_environment, run

HEAVY = {"textual", "rich", "alembic", "httpx", "uvicorn", "tomlkit", "sqlalchemy.orm", "mako"}
PROBE = """
import json, sys
from swf_console.__main__ import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def loaded(home: Path, *arguments: str) -> set[str]:
    """The modules that one command line has loaded in a process of its own."""
    environment = plain_environment(SWF_STATE_DIR=str(home / ".state"), PYTHONWARNINGS="error")
    done = run([sys.executable, "-c", PROBE, *arguments], cwd=home, environment=environment)
    return set(json.loads(done.stderr.splitlines()[-1])["modules"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database is there."""
    folder = tmp_path_factory.mktemp("light")
    write_home(folder)
    assert "alembic" in loaded(folder, "db", "upgrade")
    return folder


@pytest.mark.parametrize(
    "arguments",
    ["executions", "messages list word", "definitions", "namespaces", "status", "doctor", "db current"],
)
def test_database_commands_load_nothing_heavy(home: Path, arguments: str) -> None:
    assert not HEAVY & loaded(home, *arguments.split())


@pytest.mark.parametrize(
    "arguments", ["config show fast_processing_default", "config validate", "config list"]
)
def test_config_commands_load_no_database_and_broker(home: Path, arguments: str) -> None:
    assert not (HEAVY | {"sqlalchemy", "stomp", "simpy"}) & loaded(home, *arguments.split())


def test_plan_loads_no_broker_and_database(home: Path) -> None:
    modules = loaded(home, "plan", "fast_processing_default")
    assert "simpy" in modules
    assert not (HEAVY | {"sqlalchemy", "stomp"}) & modules
