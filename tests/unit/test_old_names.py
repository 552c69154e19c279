"""What 0.1 called its modules goes on working, with one warning, and is found in files and rewritten."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from swf_console.old_names import NEW_NAMES, UPDATE, rewritten

from ..support.homes import CHECKOUT, plain_environment

HOME = CHECKOUT / "tests/support/home_0_1"
OLD = "swf_console.backend"  # an old name in full would be renamed as one of today's
SCRIPTS = sorted(HOME.rglob("*.py"))
# Names that no module has, now or later, with what is to stand behind them.
PROBE = """
from swf_console import old_names
old_names.NEW_NAMES |= {
    "swf_console.gone.deep.stf": "swf_console.agent.stf",
    "swf_console.gone.deep.stf.Old": "swf_console.agent.stf:Stf",
    "swf_console.gone.launch": "swf_console.launch",
    "swf_console.backend.agent.OldAgent": "swf_console.agent:Agent",
}
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that has loaded nothing."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=plain_environment(), check=False)


def imports(text: str) -> list[str]:
    """The statements that import something of the package."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return [ast.unparse(node) for node in found if (node.module or "").startswith("swf_console.")]


def test_old_names_of_0_1_importable() -> None:
    statements = [line for path in SCRIPTS for line in imports(path.read_text())]
    assert len(statements) > 20
    code = [*statements, f"import {OLD}.supervision.ctl", "assert callable(main)"]
    done = python("\n".join(code))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") <= 1


def test_old_name_is_public_object_one_warning() -> None:
    done = python(
        PROBE + "from swf_console.gone.deep import stf\n"
        "from swf_console.gone.deep.stf import Old, register\n"
        "import swf_console.gone.deep.stf as module\n"
        "from swf_console.backend.agent import OldAgent\n"
        "from swf_console import agent\n"
        "assert (Old, register, OldAgent) == (agent.stf.Stf, agent.stf.register, agent.Agent)\n"
        "assert module.register is register\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1
    assert UPDATE in done.stderr


def test_old_module_runs_with_python_m() -> None:
    code = PROBE + "import runpy; runpy.run_module('swf_console.gone.launch', None, '__main__', True)"
    done = python(code, "agents/any.py")
    warning, refusal = done.stderr.splitlines()
    assert UPDATE in warning
    assert "launch is for supervisord" in refusal
    assert done.returncode == 1


@pytest.mark.parametrize(
    "statement",
    [
        "import swf_console.never",
        "import swf_console.gone.deep.never",
        "from swf_console.gone.deep.stf import hashlib",
        "from swf_console.backend.agent import Never",
    ],
)
def test_unknown_name_ordinary_error_no_warning(statement: str) -> None:
    done = python(PROBE + statement)
    assert done.returncode == 1
    assert UPDATE not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(("ImportError", "ModuleNotFoundError"))


def test_no_old_name_used_loads_nothing() -> None:
    code = "import sys, swf_console.__main__, swf_console.agent"
    done = python(f"{code}\nassert 'swf_console.old_names' not in sys.modules")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_rewritten_script_has_public_names(path: Path) -> None:
    after = rewritten(path.read_text(), python=True)
    assert not [
        line for line in imports(after) if OLD in line or line.startswith("from swf_console.cli.main")
    ]
    assert rewritten(after, python=True) == after
    done = python("\n".join(imports(after)))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"from {OLD}.agent import (\n    Agent,  # ours\n    Work,\n)  # é\n",
            "from swf_console.agent import (\n    Agent,  # ours\n    HandlerContext as Work,\n)  # é\n",
        ),
        (
            f"if True:\r\n    é = 1; from {OLD}.agent.crew import Crew as C\r\n",
            "if True:\r\n    é = 1; from swf_console.agent.worker_pool import WorkerPool as C\r\n",
        ),
        (
            f"  # x\nfrom {OLD}.database import runs, logs, Connection\n",
            f"  # x\nfrom swf_console.agent import runs, Connection\nfrom {OLD}.database import logs\n",
        ),
        (
            f"import {OLD}.agent.stf\n{OLD}.agent.stf.ready(m)\n",
            "import swf_console.agent.stf\nswf_console.agent.stf.ready(m)\n",
        ),
        (f"import {OLD}.agent.crew as c\n", "import swf_console.agent.worker_pool as c\n"),
        (f"from {OLD}.database.records import LogFilter\n", None),
        (f"from .{OLD}.agent import Work\n", None),
        (f"from {OLD}.agent import Work\nno python\n", None),
        (f"my_{OLD}.agent.crew\n", None),
    ],
)
def test_rewritten_keeps_layout_and_other_names(before: str, after: str | None) -> None:
    assert rewritten(before, python=True) == (before if after is None else after)


def test_every_old_name_has_a_public_one() -> None:
    shown = "\n".join(f"import pkgutil; pkgutil.resolve_name({new!r})" for new in NEW_NAMES.values())
    done = python(shown)
    assert (done.returncode, done.stderr) == (0, "")
