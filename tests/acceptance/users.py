"""Another account of this machine, where we are root and may become it."""

import os
import shutil
import subprocess
from functools import cache

import pytest

from .site import PYTHON, SWF_CONSOLE

NOBODY = "nobody"
# Python has to start Python: the first still profits from what root may read.
TWICE = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"


@cache
def _words() -> tuple[str, ...] | None:
    """The words before a command that run it as `nobody`; None where Python cannot be run so."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    plain = (setpriv, f"--reuid={NOBODY}", "--regid=65534", "--clear-groups")
    # An interpreter below /root may only be read with a capability; nothing may be written with it.
    reading = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    for words in (plain, (*plain, *reading)):
        done = subprocess.run([*words, PYTHON, "-c", TWICE], cwd="/", capture_output=True, check=False)
        if done.returncode == 0:
            return words
    return None


def as_nobody() -> list[str]:
    """swf-console run by the account `nobody` where we are root; as it is where we are not."""
    if os.getuid():
        return [str(SWF_CONSOLE)]
    words = _words()
    if words is None:
        pytest.skip("no other account can run this Python")
    return [*words, "--", str(SWF_CONSOLE)]
