"""What a process wrote, made safe to show: data, never commands to a terminal."""

import re

# CSI, OSC and other strings (ECMA-48), then the short escapes; an unfinished one ends with the line.
ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"
    r"|\x9b[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """One line without ANSI sequences; a carriage return shows what came last, other controls are dropped."""
    return CONTROL.sub("", ANSI.sub("", text).rstrip("\r").rpartition("\r")[2])
