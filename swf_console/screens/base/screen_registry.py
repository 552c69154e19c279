"""The registry of screens and overlays: name, title, module and class. It imports none of them."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple


class ScreenEntry(NamedTuple):
    """A screen or an overlay. `code` is `module:Class` in this package."""

    name: str
    title: str
    short: str
    code: str

    def load(self) -> Callable[..., Any]:
        """Import the class."""
        module, _, name = self.code.partition(":")
        found: Callable[..., Any] = getattr(import_module(f"swf_console.screens.{module}"), name)
        return found


# modules by name: the console starts with one screen, the others are imported when they are opened
SCREENS = (
    ScreenEntry("overview", "Overview", "Overview", "overview.screen:OverviewScreen"),
    ScreenEntry("agents", "Agents", "Agents", "agents.screen:AgentsScreen"),
    ScreenEntry("messages", "Messages", "Messages", "messages.screen:MessagesScreen"),
    ScreenEntry("executions", "Executions", "Executions", "executions.screen:ExecutionsScreen"),
    ScreenEntry("definitions", "Definitions", "Defs", "definitions.screen:DefinitionsScreen"),
    ScreenEntry("namespaces", "Namespaces", "Namesp", "namespaces.screen:NamespacesScreen"),
    ScreenEntry("fast_processing", "Fast processing", "Fast", "fast_processing.screen:FastProcessingScreen"),
    ScreenEntry("journal", "Journal", "J", "journal:JournalScreen"),
    ScreenEntry("broker", "Broker", "Broker", "broker.screen:BrokerScreen"),
)
OVERLAYS = {
    "launch": ScreenEntry("launch", "Run a workflow", "Run", "launch.form:LaunchForm"),
    "doctor": ScreenEntry("doctor", "Doctor", "Doctor", "dialogs.doctor:DoctorOverlay"),
}
