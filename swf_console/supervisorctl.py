"""The plugin of supervisorctl that agents.supervisord.conf names: finds the supervisord of its home."""

from .backend.supervisor.ctl_plugin import find_supervisord

__all__ = ["find_supervisord"]
