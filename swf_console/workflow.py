"""What workflow files import: the type of the runner that WorkflowExecutor is given."""

from .backend.simulation.runner import MessageRefused, Runner

__all__ = ["MessageRefused", "Runner"]
