"""Prints every text that people read, one a line with its place: `python -m tools.texts [PATH ...]`.

Texts are read in one list, so that one thing has one name everywhere. Docstrings, SQL and names are left out.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SHIPPED = ("swf_console", "agents", "workflows")
SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|PRAGMA|BEGIN|EXPLAIN) ", re.ASCII)
PHRASE = re.compile(r"[A-Za-z]{2,}[^\s]* +\S*[A-Za-z{]|^[A-Z][a-z]+$")


def main(arguments: list[str]) -> int:
    """Print the texts below the given paths, or of all that is shipped."""
    for path in _modules(arguments or SHIPPED):
        for line, text in texts_of(ast.parse(path.read_text(encoding="utf-8"))):
            sys.stdout.write(f"{path.relative_to(CHECKOUT)}:{line}: {text}\n")
    return 0


def texts_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every phrase in the module; what an f-string fills in stands in braces."""
    left_out = set(_docstrings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out.update(id(part) for part in ast.walk(node) if part is not node)
    found = (
        (node.lineno, _text(node))
        for node in ast.walk(tree)
        if id(node) not in left_out and isinstance(node, ast.Constant | ast.JoinedStr)
    )
    yield from sorted((line, text) for line, text in found if PHRASE.search(text) and not SQL.match(text))


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text.replace("\n", "\\n")
        case ast.JoinedStr(values=values):
            return "".join(_text(value) for value in values)
        case ast.FormattedValue(value=value):
            return f"{{{ast.unparse(value)}}}"
        case _:
            return ""


def _modules(paths: list[str] | tuple[str, ...]) -> Iterator[Path]:
    for name in paths:
        path = CHECKOUT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
