"""The environment in which an execution ran, recorded so that it can be reproduced."""

import os
import platform
import socket
import sys
from dataclasses import asdict
from typing import Any

from ... import __version__
from .source_version import SourceVersion
from .workflow_loader import WorkflowCode

# package -> its module; importlib.metadata would read and parse a file for each
PACKAGES = {
    "simpy": "simpy",
    "stomp.py": "stomp",
    "sqlalchemy": "sqlalchemy",
    "psycopg2-binary": "psycopg2",
}


def package_versions() -> dict[str, str]:
    """The versions of the loaded packages: only those take part in an execution."""
    found = {"swf-console": __version__}
    for package, module in PACKAGES.items():
        version = getattr(sys.modules.get(module), "__version__", None)
        if version:
            found[package] = version_text(version)
    return found


def version_text(version: str | tuple[int, ...]) -> str:
    """A module's version as its package has it: `8.2.0` for (8, 2, 0), `2.9.10` for `2.9.10 (dt dec pq3)`."""
    return version.split()[0] if isinstance(version, str) else ".".join(map(str, version))


def execution_environment(
    code: WorkflowCode,
    source: SourceVersion,
    *,
    user: str,
    broker: str,
    database: str,
    host: str | None = None,
) -> dict[str, Any]:
    """The `execution_environment` of an execution.

    `broker` and `database` name their kind and place (`embedded broker`, `postgresql://host/name`), never
    credentials.
    """
    return {
        "host": host or socket.gethostname(),
        "user": user,
        "pid": os.getpid(),
        "platform": _platform(),
        "python": platform.python_version(),
        "packages": dict(package_versions()),
        "workflow": {"name": code.name, "file": str(code.path), "sha256": code.sha256},
        "source": asdict(source),
        "broker": broker,
        "database": database,
    }


def _platform() -> str:
    """System, release and machine; platform.platform() starts a process to learn the processor's name."""
    system = os.uname()
    return f"{system.sysname}-{system.release}-{system.machine}"
