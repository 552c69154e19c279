"""The supervisorctl plugin of agents.supervisord.conf: finds the supervisord of the home."""

from .backend.supervisor.ctl_plugin import find_supervisord

__all__ = ["find_supervisord"]
