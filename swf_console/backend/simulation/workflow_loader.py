"""A workflow's file: found, read, compiled and executed again for each execution."""

import hashlib
import importlib.util
import itertools
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ..core.errors import WorkflowFileError
from ..core.suggest import nearest
from .run_numbers import install_compat
from .workflow_thread import (
    ABANDON_SECONDS,
    INTERRUPT_SECONDS,
    BoundedThread,
    WorkflowCodeSection,
    WorkflowInterrupted,
    WorkflowStuck,
)

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")

_GIVEN = "__swf_given__"  # names that set_globals has set
LOADING_ADVICE = "Move what takes time from the top level of the file into execute()"

_numbers = itertools.count(1)
# Guards sys.path and sys.modules while a file executes. Held by the thread that waits for the file, not by
# the one that executes it: a file that never ends loading must not block the next one.
_loading = threading.Lock()
_helpers_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class WorkflowCode:
    """A loaded workflow: the stored, the hashed and the executed code are the same text."""

    name: str
    path: Path
    source: str
    sha256: str
    executor_class: Callable[[dict[str, Any], Any, str], Any]
    module: ModuleType

    def set_globals(self, **values: Any) -> None:
        """Set global names of the module, except those that the file defines itself."""
        given: set[str] = vars(self.module).setdefault(_GIVEN, set())
        for name, value in values.items():
            if name in given or name not in vars(self.module):
                given.add(name)
                setattr(self.module, name, value)


def list_workflows(workflows_dir: Path) -> list[str]:
    """The names of the Python files that define a WorkflowExecutor, sorted."""
    return sorted(
        path.stem
        for path in workflows_dir.glob("*.py")
        if PLAIN_NAME.fullmatch(path.stem)
        and path.is_file()
        and b"class WorkflowExecutor" in path.read_bytes()
    )


def load_workflow(workflows_dir: Path, name: str) -> WorkflowCode:
    """Read, compile and execute `workflows_dir`/`name`.py.

    Raises WorkflowFileError, with file and line, unless the name is a plain one of a file in that folder,
    the file is Python and executes, and it has WorkflowExecutor.execute.
    """
    path = _find(workflows_dir, name)
    raw, source = _read(path)
    module = _execute(path, name, source)
    return WorkflowCode(
        name, path, source, hashlib.sha256(raw).hexdigest(), _executor_class(path, module), module
    )


def _find(workflows_dir: Path, name: str) -> Path:
    path = workflows_dir / f"{name}.py"
    if not PLAIN_NAME.fullmatch(name):
        problem = f"workflow name {name[:100]!r} is not valid"
    elif not path.is_file():
        problem = f"workflow not found: {name} (in {workflows_dir})"
    elif workflows_dir.resolve() not in path.resolve().parents:
        problem = f"workflow {name} is a link to a file outside {workflows_dir}"
    else:
        return path.absolute()
    known = list_workflows(workflows_dir)
    near = nearest(name.removesuffix(".py"), known) or known
    raise WorkflowFileError(problem, f"Did you mean: {', '.join(near)}?" if near else "")


def _read(path: Path) -> tuple[bytes, str]:
    """The file's bytes and its text, by its byte order mark or coding comment, else UTF-8."""
    try:
        raw = path.read_bytes()
        return raw, importlib.util.decode_source(raw)
    except OSError as error:
        raise WorkflowFileError(f"{path}: cannot be read: {error.strerror}") from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise WorkflowFileError(
            f"{path}:1: is not a Python text file: {error}", "Save it as UTF-8"
        ) from error


def _execute(path: Path, name: str, source: str) -> ModuleType:
    """Run the file's top level in a module that no other execution shares."""
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise WorkflowFileError(f"{path}:{error.lineno or 1}: {type(error).__name__}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise WorkflowFileError(f"{path}:1: is not valid Python: {error}") from error
    module = ModuleType(f"swf_workflow_{next(_numbers)}_{name}")
    module.__file__ = str(path)
    if not _loading.acquire(timeout=2 * ABANDON_SECONDS):
        raise WorkflowFileError(f"{path}: not loaded: another workflow file is being loaded", "Try again")
    section = WorkflowCodeSection(path)
    try:
        _add_helpers_path(path.parent)
        install_compat()
        thread = BoundedThread(
            lambda: _execute_module(path, module, code, section), section, f"loading {path.name}"
        )
        thread.end()
    except WorkflowStuck as stuck:
        raise WorkflowFileError(
            f"{path}: loading did not end within {ABANDON_SECONDS:g} s: abandoned at {stuck}", LOADING_ADVICE
        ) from stuck
    finally:
        _loading.release()
    thread.result()
    return module


def _execute_module(path: Path, module: ModuleType, code: CodeType, section: WorkflowCodeSection) -> None:
    sys.modules[module.__name__] = module  # @dataclass looks up its module while it executes
    try:
        with section.entered():
            exec(code, module.__dict__)  # noqa: S102 - running workflow files is the purpose of this module
    except WorkflowInterrupted as error:
        raise WorkflowFileError(
            f"{_location(path, error)}: loading did not end within {INTERRUPT_SECONDS:g} s", LOADING_ADVICE
        ) from error
    except BaseException as error:
        raise WorkflowFileError(
            f"{_location(path, error)}: raised an exception on import: {_one_line(error)}"
        ) from error
    finally:
        sys.modules.pop(module.__name__, None)


def _add_helpers_path(folder: Path) -> None:
    """Let workflows import the modules beside them, read again and not from an earlier import."""
    global _helpers_dir  # noqa: PLW0603 - sys.path and sys.modules are global too
    prefixes = tuple(f"{one}{os.sep}" for one in (folder, _helpers_dir) if one)
    for key, module in list(sys.modules.items()):
        if key != "__main__" and str(getattr(module, "__file__", None)).startswith(prefixes):
            del sys.modules[key]
    if _helpers_dir not in (None, folder) and str(_helpers_dir) in sys.path:
        sys.path.remove(str(_helpers_dir))
    _helpers_dir = folder
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _executor_class(path: Path, module: ModuleType) -> Callable[[dict[str, Any], Any, str], Any]:
    found = getattr(module, "WorkflowExecutor", None)
    if not isinstance(found, type):
        raise WorkflowFileError(f"{path}:1: has no class WorkflowExecutor")
    if not callable(getattr(found, "execute", None)):
        line = getattr(found, "__firstlineno__", None) or _line_of_class(path)
        raise WorkflowFileError(f"{path}:{line}: WorkflowExecutor has no method execute(env)")
    return found


def _line_of_class(path: Path) -> int:
    lines = path.read_bytes().splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.startswith(b"class WorkflowExecutor")), 1)


def _location(path: Path, error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{frames[-1].lineno if frames else 1}"


def _one_line(error: BaseException) -> str:
    return " ".join(traceback.format_exception_only(error)[-1].split())
