#!/usr/bin/env python3
"""`testbed run [NAME]` as a file: start what a workflow needs and ask its runner for an execution."""

import sys

from _console import swf_console

if __name__ == "__main__":
    sys.exit(swf_console("up", *sys.argv[1:]))
