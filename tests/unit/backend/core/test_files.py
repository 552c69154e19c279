"""Files written in one step, private ones, and locks between processes."""

import errno
import fcntl
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from stat import S_IMODE
from threading import Event

import pytest

from swf_console.backend.core import logs
from swf_console.backend.core.errors import UsageError
from swf_console.backend.core.files import (
    FileLock,
    atomic_write,
    is_locked,
    lock_problem,
    private_opener,
    read_json,
    write_private,
)

HOLDER = """
import sys
from pathlib import Path
from swf_console.backend.core.files import FileLock
with FileLock(Path(sys.argv[1])) as lock:
    lock.write_holder("held")
    print("held", flush=True)
    sys.stdin.read()
"""


def test_write_private_creates_file_with_mode_0600(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_private(path, '{"a": 1}', durable=True)
    assert read_json(path) == {"a": 1}
    assert S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_write_private_same_text_untouched_mode_corrected(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_private(path, "text")
    before = path.stat().st_ino
    write_private(path, "text")
    assert path.stat().st_ino == before
    path.chmod(0o644)
    write_private(path, "text")
    assert S_IMODE(path.stat().st_mode) == 0o600


def test_private_opener_makes_new_and_old_files_private_whatever_the_umask(tmp_path: Path) -> None:
    old = tmp_path / "old.log"
    old.touch(mode=0o644)
    umask = os.umask(0)
    try:
        for path in (old, tmp_path / "new.log"):
            with open(path, "ab", opener=private_opener) as file:
                file.write(b"line")
            assert S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(umask)


def test_log_to_file_rotated_files_are_private_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 100)
    umask = os.umask(0)
    handler = logs.log_to_file(tmp_path / "runner.log", rotated=True)
    try:
        for number in range(5):
            handler.handle(logging.LogRecord("x", logging.INFO, "x.py", 1, "line %d", (number,), None))
        modes = {path.name: S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert set(modes.values()) == {0o600}
        assert len(modes) > 1
    finally:
        os.umask(umask)
        logging.getLogger("swf_console").removeHandler(handler)
        handler.close()


def test_atomic_write_failure_keeps_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("old")

    def interrupted() -> None:
        with atomic_write(path, 0o600) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"\xff"])
def test_read_json_not_an_object_returns_empty(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    if content is not None:
        path.write_bytes(content)
    assert read_json(path) == {}


def test_file_lock_exclusive_and_released_with_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_locked(path)
        assert path.read_text() == "held"
        assert not FileLock(path).acquire()
        started = time.monotonic()
        assert not FileLock(path).acquire(0.05)
        assert time.monotonic() - started >= 0.05
        stop = Event()
        stop.set()
        assert not FileLock(path).acquire(60.0, stop.wait)
        holder.kill()
    assert FileLock(path).acquire()


def test_file_lock_on_directory_and_missing_file(tmp_path: Path) -> None:
    with FileLock(tmp_path, os.O_RDONLY):
        assert not FileLock(tmp_path, os.O_RDONLY).acquire()
    assert not is_locked(tmp_path / "none")
    with FileLock(tmp_path / "none"):
        assert is_locked(tmp_path / "none")
    assert not is_locked(tmp_path / "none")


def test_file_lock_file_system_without_locks_names_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: object, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    assert lock_problem(tmp_path / "absent") == ""  # a missing directory has another error
    monkeypatch.setattr(fcntl, "flock", refuse)
    assert lock_problem(tmp_path) == "No locks available"
    with pytest.raises(UsageError, match="Set SWF_STATE_DIR to a local disk"):
        FileLock(tmp_path / "lock").acquire()
