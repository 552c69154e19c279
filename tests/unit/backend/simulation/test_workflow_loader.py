"""Workflow files: found inside their folder alone, and every fault told with file and line."""

import hashlib
import sys
from pathlib import Path

import pytest

from swf_console.backend.core.errors import WorkflowFileError
from swf_console.backend.simulation.workflow_loader import list_workflows, load_workflow
from tests.support.simulation import WORKFLOWS

GOOD = "class WorkflowExecutor:\n    def __init__(self, *a): ...\n    def execute(self, env): yield\n"


def write(folder: Path, text: str | bytes, name: str = "mine") -> Path:
    path = folder / f"{name}.py"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class WorkflowExecutor\n    pass\n", r"mine.py:1: SyntaxError: expected ':'"),
        ("x = 1\n  y = 2\n", r"mine.py:2: IndentationError"),
        (
            "import no_such_module\n" + GOOD,
            r"mine.py:1: raised an exception on import: ModuleNotFoundError: .*no_such_module",
        ),
        ("import sys\nsys.exit('no')\n", r"mine.py:2: raised an exception on import: SystemExit: no"),
        ("x = 1\n", r"mine.py:1: has no class WorkflowExecutor"),
        ("WorkflowExecutor = 5\n", r"mine.py:1: has no class WorkflowExecutor"),
        ("\n\nclass WorkflowExecutor:\n    pass\n", r"mine.py:3: WorkflowExecutor has no method execute"),
        (b"x = '\xff\xfe'\n", r"mine.py:1: is not a Python text file"),
        (b"# coding: no-such-code\n", r"mine.py:1: is not a Python text file"),
        (b"x = '\x00'\n", r"mine.py:1: "),
        ("(" * 400 + ")" * 400, r"mine.py:1: "),
        ("", r"mine.py:1: has no class WorkflowExecutor"),
    ],
)
def test_load_workflow_bad_file_one_line_with_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    write(tmp_path, text)
    with pytest.raises(WorkflowFileError, match=message) as caught:
        load_workflow(tmp_path, "mine")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "name",
    ["../mine", "/etc/passwd", "a/b", "..", "", "mine.py", ".hidden", "mine\n", "mine\0", "m" * 5000, "é"],
)
def test_load_workflow_name_with_path_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, GOOD)
    write(tmp_path.parent, GOOD, "outside")
    with pytest.raises(WorkflowFileError, match=r"workflow name .* is not valid") as caught:
        load_workflow(tmp_path, name)
    assert len(str(caught.value)) < 400


def test_load_workflow_missing_suggests_nearest(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "stf_datataking")
    write(tmp_path, GOOD, "calibration")
    write(tmp_path, "x = 1\n", "stf_datatakinh")
    with pytest.raises(
        WorkflowFileError, match=r"workflow not found: stf_datatakng .*Did you mean: stf_datataking\?"
    ):
        load_workflow(tmp_path, "stf_datatakng")


def test_load_workflow_link_outside_refused(tmp_path: Path) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "out.py").symlink_to(write(tmp_path, GOOD))
    (folder / "inside.py").symlink_to(write(folder, GOOD, "real"))
    with pytest.raises(WorkflowFileError, match="is a link to a file outside"):
        load_workflow(folder, "out")
    assert load_workflow(folder, "inside").path == folder / "inside.py"


def test_load_workflow_hash_of_bytes(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf# \xc3\xa9\r\n" + GOOD.encode()
    write(tmp_path, text)
    code = load_workflow(tmp_path, "mine")
    assert code.sha256 == hashlib.sha256(text).hexdigest()
    assert code.source == "# é\n" + GOOD


def test_load_workflow_coding_comment_read(tmp_path: Path) -> None:
    write(tmp_path, "# coding: latin-1\nNAME = 'é'\n".encode("latin-1") + GOOD.encode())
    assert "NAME = 'é'" in load_workflow(tmp_path, "mine").source


def test_load_workflow_own_module_each_time(tmp_path: Path) -> None:
    write(tmp_path, "here = __file__\nseen = []\n" + GOOD)
    before = set(sys.modules)
    one, two = (load_workflow(tmp_path, "mine").executor_class for _ in range(2))
    assert one.execute.__globals__["seen"] is not two.execute.__globals__["seen"]  # type: ignore[attr-defined]
    assert one.execute.__globals__["here"] == str(tmp_path / "mine.py")  # type: ignore[attr-defined]
    assert not [name for name in set(sys.modules) - before if "mine" in name]


def test_load_workflow_dataclass_defined(tmp_path: Path) -> None:
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    write(tmp_path, f"{head}@dataclass\nclass A:\n    x: int\n{GOOD}")
    assert load_workflow(tmp_path, "mine").name == "mine"


def test_load_workflow_helpers_reimported(tmp_path: Path) -> None:
    write(tmp_path, "import daq_helper_of_mine\nVALUE = daq_helper_of_mine.VALUE\n" + GOOD)
    for value in (1, 22, 333):
        write(tmp_path, f"VALUE = {value}\n", "daq_helper_of_mine")
        found = load_workflow(tmp_path, "mine").executor_class
        assert found.execute.__globals__["VALUE"] == value  # type: ignore[attr-defined]


def test_load_workflow_helpers_of_other_home(tmp_path: Path) -> None:
    for home in ("a", "b"):
        folder = tmp_path / home
        folder.mkdir()
        write(folder, "import daq_helper_of_home as h\nVALUE = h.VALUE\n" + GOOD)
        write(folder, f"VALUE = '{home}'\n", "daq_helper_of_home")
    for home in ("a", "b", "a"):
        found = load_workflow(tmp_path / home, "mine").executor_class
        assert found.execute.__globals__["VALUE"] == home  # type: ignore[attr-defined]


def test_list_workflows_shipped_only() -> None:
    assert list_workflows(WORKFLOWS) == ["stf_datataking"]
    assert load_workflow(WORKFLOWS, "stf_datataking").name == "stf_datataking"
