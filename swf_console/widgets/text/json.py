"""JSON as coloured lines; long documents are cut, with the number of lines left out."""

import json
import re
from typing import Any

from ...backend.core.sanitize import brief
from ..semantic_colors import Part

MAX_LINES = 5000
MAX_LENGTH = 2000
NAME = re.compile(r'^(\s*)("(?:[^"\\]|\\.)*")(: )(.*)$')


def json_lines(document: Any, indent: str = "") -> list[list[Part]]:
    """The document, indented."""
    lines = json.dumps(document, indent=2, ensure_ascii=False, default=str).splitlines()
    shown = [_line(brief(line, MAX_LENGTH), indent) for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        shown.append([(f"{indent}({len(lines) - MAX_LINES:,} more lines)", "unknown")])
    return shown


def _line(line: str, indent: str) -> list[Part]:
    found = NAME.match(line)
    if not found:
        return [(indent + line, "plain")]
    space, name, colon, value = found.groups()
    return [(indent + space, "plain"), (name, "busy"), (colon, "unknown"), (value, "plain")]
