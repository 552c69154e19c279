"""Standard output that is full, closed or 8-bit, or that other code of the process writes to."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from swf_console.backend.services.home import write_home
from tests.support.homes import plain_environment

NOISY = '''
import ctypes, os, subprocess


class WorkflowExecutor:
    """Writes to descriptor 1 as children and C libraries do."""

    def __init__(self, config, runner, namespace="", execution_id=""):
        self.runner = runner

    def execute(self, env):
        subprocess.run(["echo", "a child"], check=True)
        os.write(1, b"a descriptor\\n")
        ctypes.CDLL(None).puts(b"a C library")
        ctypes.CDLL(None).fflush(None)
        yield env.timeout(1)
'''
COMMAND = shlex.join([sys.executable, "-m", "swf_console"])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    write_home(home)
    testbed = home / "workflows" / "testbed.toml"
    testbed.write_text(testbed.read_text().replace("your-namespace", "streams"))
    return home


def shell(home: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `swf` is the program."""
    return subprocess.run(
        ["/bin/bash", "-c", line.replace("swf ", f"{COMMAND} ")],
        cwd=home,
        env=plain_environment(USER="shifter", **environment),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-"])
@pytest.mark.parametrize("words", ["config list", "config list --json", "status --json", "settings sample"])
def test_stdout_full_or_closed_one_line_of_error(home: Path, words: str, redirection: str) -> None:
    done = shell(home, f"swf {words} {redirection}")
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("swf-console: standard output cannot be written: ")


def test_stdout_and_stderr_full_no_traceback(home: Path) -> None:
    done = shell(home, "swf config list > /dev/full 2>&1; echo code=$?")
    assert done.stdout == "code=1\n"


def test_closed_descriptors_database_is_not_written_to(home: Path) -> None:
    done = shell(home, "swf --run stf_datataking --stf-count 1 --json <&- >&- 2>&-; echo code=$?")
    assert done.stdout == "code=1\n"
    done = shell(home, "swf executions --json")
    assert json.loads(done.stdout)["status"] == "completed"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_stdout_8_bit_text_is_escaped(home: Path, encoding: str) -> None:
    configuration = home / "workflows" / "caf\u00e9_\u65e5\u672c.toml"
    configuration.write_text((home / "workflows" / "stf_datataking_default.toml").read_text())
    text = shell(home, "swf status && swf config list", PYTHONIOENCODING=encoding)
    assert "Traceback" not in text.stderr
    assert "\\u25cb" in text.stdout  # the sign of what is not running
    data = shell(home, "swf config list --json", PYTHONIOENCODING=encoding)
    documents = [json.loads(line) for line in data.stdout.splitlines()]
    assert any("\u65e5\u672c" in str(document) for document in documents), data


def test_json_run_that_writes_to_descriptor_1_stdout_is_one_object(home: Path) -> None:
    (home / "workflows" / "noisy.py").write_text(NOISY)
    (home / "workflows" / "noisy_default.toml").write_text('[workflow]\nname = "noisy"\nversion = "1.0"\n')
    done = shell(home, "swf --run noisy --json")
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["status"] == "completed"
    for said in ("a child", "a descriptor", "a C library"):
        assert said in done.stderr


def test_stdout_reader_that_ends_is_no_error(home: Path) -> None:
    done = shell(home, "swf settings sample | head -1; echo codes=${PIPESTATUS[0]}")
    assert done.stdout.splitlines()[-1] == "codes=0"
    assert done.stderr == ""
