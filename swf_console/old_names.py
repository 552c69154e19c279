"""Old names that files of 0.1 homes import: they work for one minor version, with one warning.

NEW_NAMES is the only list of old names. `swf_console/__init__.py` installs the finder after all others;
`rewritten` is the change of `swf-console init --update`. A module that still exists under its old name is
never searched here, and the names that homes use of it have not changed either.
"""

import ast
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from pkgutil import resolve_name
from types import CodeType, ModuleType
from typing import Any

UPDATE = "swf-console init --update"
# old name -> public module, or `module:name` for one name; the names in such a module have not changed
NEW_NAMES = {
    "swf_console.cli.main": "swf_console.__main__:main",
    "swf_console.backend.agent": "swf_console.agent",
    "swf_console.backend.agent.Work": "swf_console.agent:HandlerContext",
    "swf_console.backend.agent.crew": "swf_console.agent.worker_pool",
    "swf_console.backend.agent.crew.Crew": "swf_console.agent.worker_pool:WorkerPool",
    "swf_console.backend.agent.slices": "swf_console.agent.slices",
    "swf_console.backend.agent.stf": "swf_console.agent.stf",
    "swf_console.backend.database.Connection": "swf_console.agent:Connection",
    "swf_console.backend.database.fastmon_files": "swf_console.agent.fastmon_files",
    "swf_console.backend.database.processing_records": "swf_console.agent.records",
    "swf_console.backend.database.records": "swf_console.agent.records",
    "swf_console.backend.database.run_counts": "swf_console.agent.run_counters",
    "swf_console.backend.database.runs": "swf_console.agent.runs",
    "swf_console.backend.database.slice_records": "swf_console.agent.records",
    "swf_console.backend.database.slices": "swf_console.agent.tf_slices",
    "swf_console.backend.database.states": "swf_console.agent.runs",
    "swf_console.backend.database.stf_files": "swf_console.agent.stf_files",
    "swf_console.backend.database.stf_workflows": "swf_console.agent.stf_workflows",
    "swf_console.backend.database.worker_crews": "swf_console.agent.workers",
    "swf_console.backend.messaging.feed.Feed": "swf_console.agent:Subscription",
    "swf_console.backend.simulation.Runner": "swf_console.workflow:Runner",
    "swf_console.backend.supervision.ctl": "swf_console.supervisorctl",
    "swf_console.backend.supervision.launch": "swf_console.launch",
}
DOTTED = re.compile(r"\bswf_console(?:\.\w+)+")
_warned: set[str] = set()


def new_name(old: str) -> str | None:
    """The public name for `old`; None if it is not an old name."""
    module, _, name = old.rpartition(".")
    if old in NEW_NAMES or ":" in NEW_NAMES.get(module, ":"):
        return NEW_NAMES.get(old)
    return f"{NEW_NAMES[module]}:{name}" if name in import_module(NEW_NAMES[module]).__all__ else None


def value_of(old: str) -> Any:
    """The object of an old name. Raises AttributeError if it is not an old name."""
    new = new_name(old)
    if new is None:
        module, _, name = old.rpartition(".")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    warn(old)
    return resolve_name(new)


def warn(old: str) -> None:
    """Print once per process that an old name is used, and the command that updates the home."""
    if not _warned:
        _warned.add(old)
        sys.stderr.write(
            f"swf-console: {old} is a name of swf-console 0.1, removed in the next minor version."
            f" Update the files of this home: {UPDATE}\n"
        )


def find_spec(name: str) -> ModuleSpec | None:
    """The spec of an old name, or of a package that contained some."""
    inside = any(old.startswith(f"{name}.") for old in NEW_NAMES)
    if not inside and new_name(name) is None:
        return None
    return ModuleSpec(name, _Loader(), is_package=inside)


class _Loader(InspectLoader):
    """Creates modules with the names of a public module; runs that one for `python -m`."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module; for an old name of an object, `from PACKAGE import NAME` gets the object."""
        old = module.__name__
        if ":" in (new_name(old) or ""):
            sys.modules[old] = value_of(old)
            return

        def attribute(name: str) -> Any:
            return value_of(f"{old}.{name}")

        module.__dict__["__getattr__"] = attribute

    def get_code(self, fullname: str) -> CodeType:
        """The code that `python -m OLD` runs."""
        warn(fullname)
        run = f"import runpy; runpy.run_module({new_name(fullname)!r}, run_name='__main__', alter_sys=True)"
        return compile(run, fullname, "exec")

    def get_source(self, fullname: str) -> None:
        """None: these modules have no source."""


def rewritten(text: str, *, python: bool) -> str:
    """`text` with public names instead of old ones, otherwise unchanged.

    A name of an old module that no public module has stays, and so does a file that is not valid Python.
    """
    if not python:
        return _replaced(text)
    try:
        statements = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    except (SyntaxError, ValueError):
        return text
    raw = text.encode()
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    done, at = b"", 0
    for node in sorted(statements, key=lambda node: (node.lineno, node.col_offset)):
        begin, end = _span(node, starts)
        done += _replaced(raw[at:begin].decode()).encode() + _import(node, raw[begin:end], starts, begin)
        at = end
    return (done + _replaced(raw[at:].decode()).encode()).decode()


def _replaced(text: str) -> str:
    """Dotted names outside of `from ... import`."""

    def public(found: re.Match[str]) -> str:
        words = found[0].split(".")
        for count in range(len(words), 1, -1):
            new = NEW_NAMES.get(".".join(words[:count]))
            if new is not None:
                return ".".join([new.replace(":", "."), *words[count:]])
        return found[0]

    return DOTTED.sub(public, text)


def _span(node: ast.stmt | ast.alias, starts: Sequence[int]) -> tuple[int, int]:
    """Its start and end, in bytes."""
    last, column = node.end_lineno or node.lineno, node.end_col_offset or 0
    return starts[node.lineno - 1] + node.col_offset, starts[last - 1] + column


def _import(node: ast.ImportFrom, raw: bytes, starts: Sequence[int], begin: int) -> bytes:
    """The statement with public names: in its layout, or as several statements for several modules."""
    module = node.module or ""
    if node.level or not module.startswith("swf_console."):
        return raw
    parts: dict[str, list[tuple[ast.alias, str]]] = {}
    for alias in node.names:
        home, name = _home_and_name(new_name(f"{module}.{alias.name}")) or (module, alias.name)
        parts.setdefault(home, []).append((alias, _with_alias(alias, name)))
    if len(parts) > 1:
        lines = [
            f"from {home} import {', '.join(text for _, text in names)}" for home, names in parts.items()
        ]
        return ("\n" + " " * node.col_offset).join(lines).encode()
    ((home, names),) = parts.items()
    for alias, text in reversed(names):
        first, last = (place - begin for place in _span(alias, starts))
        raw = raw[:first] + text.encode() + raw[last:]
    return raw.replace(module.encode(), home.encode(), 1)


def _home_and_name(new: str | None) -> tuple[str, str] | None:
    """The module to import from, and the name to import."""
    if new is None:
        return None
    home, _, name = new.rpartition(":") if ":" in new else new.rpartition(".")
    return home, name


def _with_alias(alias: ast.alias, name: str) -> str:
    """The imported name, bound to the same local name as before."""
    bound = alias.asname or alias.name
    return name if name == bound else f"{name} as {bound}"
