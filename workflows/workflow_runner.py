#!/usr/bin/env python3
"""The workflow runner: `WORKFLOW ...` or `--run-once WORKFLOW ...` runs once, else an agent serves."""

import sys

from _console import swf_console

if __name__ == "__main__":
    sys.exit(swf_console("runner", *sys.argv[1:]))
