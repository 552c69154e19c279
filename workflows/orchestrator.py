#!/usr/bin/env python3
"""`testbed run [NAME]` as a file: start what a workflow needs and request an execution from its runner."""

import sys

from _console import swf_console

if __name__ == "__main__":
    sys.exit(swf_console("up", *sys.argv[1:]))
