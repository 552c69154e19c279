"""Start-up time counts: a command loads what it uses and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from swf_console.backend.services.home import write_home

from ..support.homes import plain_environment, run

# Each costs more than the run of ten STFs may take, or belongs to the console.
HEAVY = (
    "textual",
    "rich",
    "alembic",
    "httpx",
    "uvicorn",
    "tomlkit",
    "sqlalchemy.orm",
    "mcp",
    "pydantic",
    "aiohttp",
)
PROBE = """
import json, sys
from swf_console.__main__ import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print(json.dumps({"code": code, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def modules_after(*arguments: str, cwd: Path) -> set[str]:
    """What a fresh Python has loaded after one command line that succeeded."""
    done = run([sys.executable, "-c", PROBE, *arguments], cwd=cwd)
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["code"] == 0, done.stderr
    return set(told["modules"])


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["executions", "--help"], ["init", "--help"], ["serve", "--help"], ["monitor", "--help"]],
)
def test_help_loads_no_library(arguments: list[str], tmp_path: Path) -> None:
    loaded = {name.partition(".")[0] for name in modules_after(*arguments, cwd=tmp_path)}
    unwanted = {"sqlalchemy", "stomp", "simpy", "supervisor", "tomli", "psycopg2", "aiohttp", "textual_serve"}
    assert not loaded & {*HEAVY, *unwanted}


def test_headless_run_loads_no_heavy_library(tmp_path: Path) -> None:
    write_home(tmp_path)
    command = ["--run", "stf_datataking", "--namespace", "demo", "--stf-count", "1"]
    # The first run of a home makes its tables, which is the migrations' work.
    modules_after(*command, cwd=tmp_path)
    loaded = modules_after(*command, cwd=tmp_path)
    assert "simpy" in loaded
    assert not [name for name in HEAVY if name in loaded]


OPENING = """
import argparse, sys
from swf_console.cli import console

def show(services):
    import swf_console.app
    print([name for name in sys.argv[1:] if name in sys.modules])
    return 0

console.show = show
console.open_app(argparse.Namespace(home=None, testbed_config=None, namespace="demo", read_only=False))
"""


def test_console_first_paint_loads_no_backend(tmp_path: Path) -> None:
    write_home(tmp_path)
    unwanted = ("sqlalchemy", "simpy", "stomp", "supervisor", "psycopg2", "tomlkit", "alembic", "pydantic")
    done = run([sys.executable, "-c", OPENING, *unwanted], cwd=tmp_path)
    assert done.stdout.strip() == "[]", done.stderr


def test_packages_light_until_used() -> None:
    backend = ("agent", "broker", "config", "database", "messaging", "services", "simulation", "supervisor")
    packages = [
        "swf_console.api",
        "swf_console.viewmodels",
        *(f"swf_console.backend.{name}" for name in backend),
    ]
    code = "import sys\n" + "".join(f"import {package}\n" for package in packages)
    code += f"print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=plain_environment(), check=True
    )
    assert done.stdout.strip() == "[]"


def test_prefetch_result_is_plain_values() -> None:
    """The console loads them while it paints; what judges and probes is loaded by the process beside it."""
    code = "import sys, swf_console.viewmodels.overview.snapshot; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=plain_environment(), check=True
    )
    unwanted = ("config", "core.settings", "database.connection", "messaging", "supervisor.supervisord")
    loaded = set(done.stdout.split())
    assert not loaded & {*HEAVY, *(f"swf_console.backend.{name}" for name in unwanted)}
