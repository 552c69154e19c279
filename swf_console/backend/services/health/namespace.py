"""The namespace of the home."""

from dataclasses import dataclass

from ...config.names import resolve_namespace
from ...config.testbed import find_testbed
from ...core.errors import SwfError
from ...core.format import with_advice
from ...core.settings import Settings
from ..executions.request import testbed_of


@dataclass(frozen=True, slots=True)
class NamespaceHealth:
    """The namespace that testbed.toml names; `error` says why there is none."""

    name: str | None
    file: str | None = None
    error: str | None = None
    advice: str = ""

    @property
    def trouble(self) -> str:
        """Why there is none, and what to do."""
        return with_advice(self.error or "", self.advice)


def probe_namespace(settings: Settings) -> NamespaceHealth:
    """Read the namespace from its file."""
    file: str | None = None
    try:
        path = find_testbed(settings.testbed_config, settings.workflows_dir)
        file = str(path) if path else None
        return NamespaceHealth(resolve_namespace(None, testbed_of(settings)), file)
    except SwfError as error:
        return NamespaceHealth(None, file, error.message, error.advice)
