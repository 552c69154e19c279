"""A terminal that goes away takes its console with it."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

from ..support.homes import plain_environment
from ..support.waiting import wait_for
from .site import SWF_CONSOLE


def test_a_console_ends_when_its_terminal_is_closed(new_home: Path) -> None:
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

    def backends_are_looked_at() -> bool:
        painted.extend(os.read(ours, 65536))
        return "●".encode() in painted

    try:
        assert wait_for(backends_are_looked_at, 30)
        os.close(ours)
        console.wait(15)
    finally:
        console.kill()
        console.wait()
