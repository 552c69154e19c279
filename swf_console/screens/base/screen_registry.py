"""The screens there are: their names, words, and where their code lies. None of it is imported here."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple


class Listed(NamedTuple):
    """One screen or overlay, as the frame shows it. `code` is `module:Class` in this package."""

    name: str
    title: str
    short: str
    code: str

    def load(self) -> Callable[..., Any]:
        """Import its class."""
        module, _, name = self.code.partition(":")
        found: Callable[..., Any] = getattr(import_module(f"swf_console.screens.{module}"), name)
        return found


PANES = (
    Listed("overview", "Overview", "Overview", "overview.screen:OverviewPane"),
    Listed("agents", "Agents", "Agents", "agents.screen:AgentsPane"),
    Listed("messages", "Messages", "Messages", "messages.screen:MessagesPane"),
    Listed("executions", "Executions", "Executions", "executions.screen:ExecutionsPane"),
    Listed("definitions", "Definitions", "Defs", "definitions.screen:DefinitionsPane"),
    Listed("namespaces", "Namespaces", "Namesp", "namespaces.screen:NamespacesPane"),
    Listed("fast_processing", "Fast processing", "Fast", "fast_processing.screen:FastProcessingPane"),
    Listed("journal", "Journal", "J", "journal:JournalPane"),
)
OVERLAYS = {
    "launch": Listed("launch", "Run a workflow", "Run", "launch.form:LaunchForm"),
    "doctor": Listed("doctor", "Doctor", "Doctor", "dialogs.doctor:DoctorOverlay"),
}
