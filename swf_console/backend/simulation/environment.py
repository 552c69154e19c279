"""In what surroundings an execution ran, for whoever has to reproduce it."""

import os
import platform
import socket
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .source import SourceVersion
from .workflow_file import WorkflowCode

PACKAGES = ("swf-console", "simpy", "stomp.py", "sqlalchemy", "psycopg2-binary")


@cache
def package_versions() -> dict[str, str]:
    """The versions of the packages that take part in an execution; those not installed are left out."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


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
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": dict(package_versions()),
        "workflow": {"name": code.name, "file": str(code.path), "sha256": code.sha256},
        "source": asdict(source),
        "broker": broker,
        "database": database,
    }
