"""Commands as another account, if the tests run as root."""

import os
import shutil
import subprocess
from functools import cache

import pytest

from .site import PYTHON, SWF_CONSOLE

NOBODY = "nobody"
# Python must be able to start Python: the first one still has root's capabilities
TWICE = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"


@cache
def _words() -> tuple[str, ...] | None:
    """The prefix that runs a command as `nobody`; None if Python cannot run as that account."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    plain = (setpriv, f"--reuid={NOBODY}", "--regid=65534", "--clear-groups")
    # an interpreter below /root is readable only with this capability, which allows no writing
    reading = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    for words in (plain, (*plain, *reading)):
        done = subprocess.run([*words, PYTHON, "-c", TWICE], cwd="/", capture_output=True, check=False)
        if done.returncode == 0:
            return words
    return None


def as_nobody() -> list[str]:
    """The command swf-console, as `nobody` if the tests run as root."""
    if os.getuid():
        return [str(SWF_CONSOLE)]
    words = _words()
    if words is None:
        pytest.skip("no other account can run this Python")
    return [*words, "--", str(SWF_CONSOLE)]
