#!/usr/bin/env python3
"""Send run, stop or status to a persistent workflow runner and print its answer."""

import sys

from _console import swf_console

if __name__ == "__main__":
    sys.exit(swf_console("control", *sys.argv[1:]))
