"""Imports stand at the top but for start-up time, core knows the standard library, no name is passed on."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "swf_console"
# Where imports may wait for the call that needs them. Ruff refuses them everywhere else (PLC0415).
WAITING = {
    "swf_console/__init__.py": "old names, asked for by files of 0.1 homes alone",
    "swf_console/cli/**": "a command loads what it uses",
    "swf_console/backend/agent/execution_cache.py": "httpx",
    "swf_console/backend/broker/address.py": "hashlib; every first run waits for the broker to start",
    "swf_console/backend/broker/login.py": "hashlib",
    "swf_console/backend/config/edit.py": "tomlkit",
    "swf_console/backend/core/logs.py": "logging.handlers, which long-lived programs alone use",
    "swf_console/backend/core/settings.py": "hashlib",
    "swf_console/backend/core/suggest.py": "difflib",
    "swf_console/backend/database/__init__.py": "sqlalchemy",
    "swf_console/backend/database/connection/migrate.py": "alembic",
    "swf_console/backend/database/connection/open.py": "upgrades, which are rare",
    "swf_console/backend/database/sql/dialect.py": "the driver of the other database",
    "swf_console/backend/database/sql/types.py": "the driver of the other database",
    "swf_console/backend/messaging/endpoint.py": "subprocess",
    "swf_console/backend/services/executions/recovery.py": "stomp",
    "swf_console/backend/services/executions/run_once.py": "simpy, once the request is known to be good",
    "swf_console/backend/services/health/doctor/run.py": "what may not be installed",
    "swf_console/launch.py": "programs of this package need no addresses",
    "swf_console/screens/dialogs/doctor.py": "a dialog opens at once, and loads in a thread",
    "swf_console/screens/dialogs/stop_execution.py": "the overview is there before the backends",
    "swf_console/screens/launch/form.py": "a dialog opens at once, and loads in a thread",
    "swf_console/screens/launch/validation.py": "a dialog opens at once, and loads in a thread",
    "swf_console/screens/overview/screen.py": "the overview is there before the backends",
    "swf_console/screens/shell/commands.py": "the shell is painted before any dialog is needed",
    "swf_console/viewmodels/context.py": "the console paints before it loads its backends",
    "swf_console/viewmodels/namespaces/setup.py": "the console asks for its namespace before it paints",
    "swf_console/viewmodels/overview/__main__.py": "the child lowers its priority before it loads",
    "swf_console/viewmodels/preferences.py": "the table of keys, where there are no keys of the user",
    "swf_console/viewmodels/prefetch.py": "pickle; the child starts before anything else loads",
}
PUBLIC = ("__init__.py", "__main__.py", "agent", "launch.py", "supervisorctl.py", "testing", "workflow.py")
# Its three names are those of the package, and load SQLAlchemy when they are asked for.
LAZY_PACKAGE = "backend/database/__init__.py"


def modules(folder: Path = PRODUCT) -> Iterator[tuple[Path, ast.Module]]:
    """Every module below `folder`."""
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def in_functions(tree: ast.Module) -> list[ast.stmt]:
    """The imports of a module that wait for a call."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = [node for function in functions for node in ast.walk(function)]
    return [node for node in found if isinstance(node, ast.Import | ast.ImportFrom)]


def test_deferred_imports_only_in_listed_modules() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    ignored = {
        pattern
        for pattern, rules in settings["per-file-ignores"].items()
        if "PLC0415" in rules and pattern.startswith("swf_console")
    }
    assert ignored == set(WAITING)
    assert "PLC0415" not in settings["ignore"]
    assert "PL" in settings["select"]


def test_deferred_imports_listed_modules_have_some() -> None:
    unused = [
        name
        for name in WAITING
        if not name.endswith("**") and not in_functions(ast.parse((ROOT / name).read_text()))
    ]
    assert unused == []


def test_deferred_imports_no_line_exceptions() -> None:
    excused = [str(path) for path in PRODUCT.rglob("*.py") if "noqa: PLC0415" in path.read_text("utf-8")]
    assert excused == []


def test_core_imports_standard_library_only() -> None:
    foreign = [
        f"{path.name}: {name}"
        for path, tree in modules(PRODUCT / "backend" / "core")
        for name in imported(tree)
        if name.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that one of core imports, without those beside it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level != 1:
            yield "." * node.level + (node.module or "")


def test_reexports_only_in_public_modules() -> None:
    passed = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path, tree in modules()
        if path.relative_to(PRODUCT).parts[0] not in PUBLIC and path != PRODUCT / LAZY_PACKAGE
        for line, name in passed_on(tree)
    ]
    assert passed == []


def passed_on(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names of other modules that a module offers: `import X as X`, `__all__`, a `__getattr__`."""
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            yield from ((node.lineno, alias.name) for alias in node.names if alias.asname == alias.name)
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__getattr__":
            yield statement.lineno, "__getattr__"
        if isinstance(statement, ast.Assign) and "__all__" in map(ast.unparse, statement.targets):
            names: list[str] = ast.literal_eval(statement.value)
            yield from ((statement.lineno, name) for name in names if name in bound)
