"""A console whose terminal is closed ends."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from ..support.homes import plain_environment
from ..support.processes.site import SWF_CONSOLE
from ..support.waiting import wait_for

LEFT = b"\x1b[?1049l"


@pytest.mark.parametrize("leaving", [False, True])
def test_console_terminal_closed_ends(new_home: Path, leaving: bool) -> None:
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    console = subprocess.Popen(
        ["setsid", "--ctty", SWF_CONSOLE, "--namespace", "demo"],
        cwd=new_home,
        env=plain_environment(TERM="xterm-256color"),
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    painted = bytearray()

    def paints(what: bytes) -> bool:
        painted.extend(os.read(ours, 65536))
        return what in painted

    try:
        wait_for(lambda: paints("●".encode()), 30)
        if leaving:
            os.write(ours, b"q")
            wait_for(lambda: paints(b"Quit the console?"), 30)
            os.write(ours, b"q")
            wait_for(lambda: paints(LEFT), 30)
        os.close(ours)
        console.wait(15)
    finally:
        console.kill()
        console.wait()
