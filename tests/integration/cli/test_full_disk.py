"""Commands on a state directory that is read-only, full, or out of inodes: one line, and reading works."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.core.errors import BrokerUnreachable
from swf_console.backend.core.settings import load_settings
from swf_console.backend.messaging.embedded import EmbeddedBroker
from swf_console.backend.services.home import write_home
from tests.support.homes import plain_environment, run

Done = subprocess.CompletedProcess[str]

RUN = ("--run", "stf_datataking", "--stf-count", "1")
READING = (("executions",), ("messages",), ("namespaces",), ("definitions",), ("db", "current"))


class SmallDisk:
    """A tmpfs that holds the state directory of a home."""

    def __init__(self, home: Path, disk: Path) -> None:
        self.home, self.disk = home, disk

    def mount(self, options: str) -> None:
        """Mount an empty disk; skips the test where that is not allowed."""
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.disk)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a tmpfs is not allowed")
        (self.disk / "state").mkdir(mode=0o700)

    def __call__(self, *words: str) -> Done:
        """Run a command in the home."""
        environment = plain_environment(USER="shifter", SWF_STATE_DIR=str(self.disk / "state"))
        return run([sys.executable, "-m", "swf_console", *words], cwd=self.home, environment=environment)

    def fill(self) -> None:
        """Write until the disk is full."""
        with (self.disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 1024)

    def use_inodes(self) -> None:
        """Create files until there are no inodes left."""
        with contextlib.suppress(OSError):
            for number in range(10_000):
                (self.disk / f"file-{number}").touch()

    def make_read_only(self) -> None:
        """Remount read-only, once the embedded broker of the last run has closed its files."""
        deadline = time.monotonic() + 30
        command = ["mount", "-o", "remount,ro", str(self.disk)]
        while subprocess.run(command, capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline
            os.sync()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallDisk]:
    home, disk = tmp_path / "home", tmp_path / "disk"
    write_home(home)
    testbed = home / "workflows" / "testbed.toml"
    testbed.write_text(testbed.read_text().replace("your-namespace", "small"))
    disk.mkdir()
    yield SmallDisk(home, disk)
    subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=False)


def one_line(done: Done, code: int, *words: str) -> None:
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert "Logging error" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for each in words:
        assert each in done.stderr


def test_commands_full_disk_one_line_exit_3(small: SmallDisk) -> None:
    small.mount("size=4m")
    small.fill()
    one_line(small(*RUN), 3, "the database is full", "Free space")
    one_line(small("monitor", "--port", "0"), 3, "is full")
    one_line(small("up", "stf_datataking"), 3, "is full")
    status = small("status")
    assert status.returncode == 3
    assert "Traceback" not in status.stderr


def test_commands_full_disk_with_executions_can_be_read(small: SmallDisk) -> None:
    small.mount("size=4m")
    assert small(*RUN).returncode == 0
    small.fill()
    one_line(small(*RUN), 3, "is full")
    one_line(small("up", "stf_datataking"), 3, "its disk is full")
    for words in READING[:-1]:
        done = small(*words)
        assert done.returncode == 0, done
        assert "stf_datataking" in done.stdout or "small" in done.stdout
    settings = load_settings({"SWF_STATE_DIR": str(small.disk / "state")}, home=small.home)
    with pytest.raises(BrokerUnreachable, match=r"did not start: the disk of \S+ is full"):
        EmbeddedBroker(settings).address()
    (small.disk / "filler").unlink()
    assert small(*RUN).returncode == 0


def test_commands_disk_without_inodes_one_line(small: SmallDisk) -> None:
    small.mount("size=50m,nr_inodes=60")
    small.use_inodes()
    one_line(small(*RUN), 3, "No space left on device", "inodes")
    one_line(small("monitor", "--port", "0"), 3, "inodes")
    one_line(small("executions"), 3, "no free inodes")
    assert "no free inodes" in small("status").stdout
    assert "Traceback" not in small("doctor").stdout


def test_commands_read_only_disk_can_be_read(small: SmallDisk) -> None:
    small.mount("size=50m")
    assert small(*RUN).returncode == 0
    small.make_read_only()
    one_line(small(*RUN), 2, "the database is read-only")
    one_line(small("monitor", "--port", "0"), 2, "the database is read-only")
    one_line(small("up", "stf_datataking"), 5, "read-only")
    for words in READING:
        done = small(*words)
        assert done.returncode == 0, done
        assert done.stdout
    assert "not ready" in small("status").stdout
