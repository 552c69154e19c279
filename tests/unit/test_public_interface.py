"""Files of homes name public modules only; which those are is listed here and nowhere else."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import swf_console
from swf_console.backend.services.home import FOLDERS, SUPERVISION, write_home
from swf_console.backend.supervisor import programs
from swf_console.backend.supervisor.base import Program
from swf_console.backend.supervisor.paths import find_paths

from ..support.homes import CHECKOUT
from ..support.processes.supervisord import user_folder

# Module -> what it offers. What goes from here goes on working, with a warning, for one minor version.
PUBLIC: dict[str, str] = {
    "swf_console.__main__": "main",
    "swf_console.agent": "EPICTOPIC MONITORING_QUEUE Agent BadMessage Connection HandlerContext Message "
    "Subscription",
    "swf_console.agent.fastmon_files": "id_of register",
    "swf_console.agent.records": "NewFastmonFile NewStfFile NewStfWorkflow NewTfSlice Retry RunState "
    "SliceResult SliceStart StageWork StateEvent WorkerBeat",
    "swf_console.agent.run_counters": "ensure expect is_news",
    "swf_console.agent.runs": "COMPLETED ensure finish insert_events run_state",
    "swf_console.agent.slices": "RESULTS_QUEUE SLICES_PER_SAMPLE SLICES_QUEUE WORKERS_TOPIC Outcome Sample "
    "Slice cut inner outcome registered result_message slice_message taken",
    "swf_console.agent.stf": "Stf generated is_sampled ready register run_conditions samples_among",
    "swf_console.agent.stf_files": "advance register",
    "swf_console.agent.stf_workflows": "begin_stages complete_stages register",
    "swf_console.agent.tf_slices": "begin complete create fail",
    "swf_console.agent.worker_pool": "Job Terms WorkerPool terms_of",
    "swf_console.agent.workers": "Claim beat claim end living",
    "swf_console.launch": "main",
    "swf_console.supervisorctl": "find_supervisord",
    "swf_console.testing": "MemoryBroker MemorySupervisor Stored stranger",
    "swf_console.workflow": "MessageRefused Runner",
}
DOTTED = re.compile(r"\bswf_console(?:\.\w+)+")
SCRIPTS = [path for folder in FOLDERS for path in sorted((CHECKOUT / folder).glob("*.py"))]
DOCUMENT = CHECKOUT / "docs/public-interface.md"


def named_in_code(path: Path) -> Iterator[str]:
    """What a Python file imports of the package, each name spelled in full."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_public(dotted: str) -> bool:
    """Whether that is a public module, or a name that one offers."""
    module, _, name = dotted.rpartition(".")
    return dotted in PUBLIC or name in PUBLIC.get(module, "").split()


def not_public(names: Iterator[str] | list[str]) -> list[str]:
    return [name for name in names if name.split(".")[0] == "swf_console" and not is_public(name)]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_module_documented_with_all(name: str) -> None:
    module = import_module(name)
    assert module.__doc__
    assert module.__all__ == sorted(PUBLIC[name].split(), key=_as_ruff_sorts)
    assert all(getattr(module, each) is not None for each in module.__all__)


def test_package_is_typed() -> None:
    assert (Path(swf_console.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize(
    "path", sorted(CHECKOUT.glob("workflows/*.py")) + sorted(CHECKOUT.glob("agents/*.py"))
)
def test_shipped_scripts_import_public_names_only(path: Path) -> None:
    assert not_public(named_in_code(path)) == []
    assert not_public(DOTTED.findall(path.read_text())) == []


def test_supervisord_conf_names_public_modules_only(tmp_path: Path) -> None:
    write_home(tmp_path)
    with user_folder():
        paths = find_paths(tmp_path, tmp_path / ".state")
    programs.declare(paths, [Program("theirs", "agents/theirs.py")])
    written = [*(tmp_path / ".state").rglob("*.conf"), tmp_path / SUPERVISION]
    named = {name for path in written for name in DOTTED.findall(path.read_text())}
    assert named == {"swf_console.launch", "swf_console.supervisorctl"}


def test_documents_name_public_modules_only() -> None:
    pages = [CHECKOUT / "README.md", *CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("agents/*.md")]
    assert {folder for folder in FOLDERS if list((CHECKOUT / folder).glob("*.md"))} <= {"agents"}
    assert not_public([name for page in pages for name in DOTTED.findall(page.read_text())]) == []


def test_public_interface_page_complete() -> None:
    text = DOCUMENT.read_text()
    assert {name for name in PUBLIC if f"`{name}`" not in text} == set()
    assert {name for names in PUBLIC.values() for name in names.split() if f"`{name}`" not in text} == set()


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name
