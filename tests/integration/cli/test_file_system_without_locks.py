"""A state directory on a file system without locks, as NFS without a lock service: one line, in seconds."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from swf_console.backend.services.home import write_home
from tests.support.homes import plain_environment

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
static int locks(int command) {
    return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}
#define DEFINE(name) \
    int name(int descriptor, int command, ...) { \
        va_list arguments; \
        va_start(arguments, command); \
        void *value = va_arg(arguments, void *); \
        va_end(arguments); \
        if (locks(command)) { errno = ENOLCK; return -1; } \
        int (*real)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, #name); \
        return real(descriptor, command, value); \
    }
DEFINE(fcntl)
DEFINE(fcntl64)
int flock(int descriptor, int operation) { (void)descriptor; (void)operation; errno = ENOLCK; return -1; }
"""


@pytest.fixture
def no_locks(tmp_path: Path) -> str:
    """A library that makes every lock fail with ENOLCK, for LD_PRELOAD."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    source, library = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return str(library)


def test_commands_file_system_without_locks_name_the_remedy(tmp_path: Path, no_locks: str) -> None:
    home = tmp_path / "home"
    write_home(home)
    for words in (
        ["--run", "stf_datataking", "--namespace", "n", "--stf-count", "1"],
        ["executions"],
        ["doctor"],
        ["up", "stf_datataking", "--namespace", "n"],
    ):
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "swf_console", *words],
            cwd=home,
            env=plain_environment(USER="shifter", LD_PRELOAD=no_locks),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 2, said
        assert "Set SWF_STATE_DIR to a local disk" in said, words
        assert "Traceback" not in said, words
        assert "network" not in said, words
        assert time.monotonic() - began < 20
