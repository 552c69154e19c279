#!/usr/bin/env python3
"""The workflow runner: `--run-once WORKFLOW ...` runs one execution, without it a persistent agent serves."""

import sys

from _console import swf_console

if __name__ == "__main__":
    arguments = sys.argv[1:]
    once = any(word.split("=")[0] in {"--run-once", "--run", "-h", "--help"} for word in arguments)
    sys.exit(swf_console(*([] if once else ["runner"]), *arguments))
