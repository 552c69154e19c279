"""Homes of the existing testbed: their agents.supervisord.conf is left alone, and ours is generated."""

import re
from pathlib import Path

CONFIGURATION = "agents.supervisord.conf"
SOCKET = "supervisor.sock"
STATE = ".state"
OWN_SOCKET = f"%(here)s/{STATE}/{SOCKET}"
OWN_PACKAGE = "swf_console"
SOCKET_LINE = re.compile(r"^\[unix_http_server\][^\[]*?^file\s*=\s*(\S.*?)\s*$", re.MULTILINE | re.DOTALL)

# what every program has; `declare` gives the same to scripts of configurations
DEFAULTS: dict[str, str] = {
    "autostart": "false",
    "autorestart": "unexpected",
    "startsecs": "1",
    "startretries": "3",
    "stopsignal": "TERM",
    "stopwaitsecs": "15",
    "priority": "200",  # that of agents: stopped after the runner and before the broker (stop_order.py)
    "stopasgroup": "true",
    "killasgroup": "true",
    "redirect_stderr": "true",
    "stdout_logfile_maxbytes": "5MB",
    "stdout_logfile_backups": "2",
}
# name -> command of swf_console and what differs from the defaults
SERVICES: dict[str, tuple[str, dict[str, str]]] = {
    "embedded-broker": ("broker", {"priority": "10"}),
    "monitor": ("monitor", {"priority": "20"}),
    "agent-manager": ("agent-manager", {"priority": "30", "stopwaitsecs": "75"}),
    "workflow-runner": ("runner", {"priority": "1000", "stopwaitsecs": "30"}),
}
HEAD = f"""\
[unix_http_server]
file={OWN_SOCKET}
chmod=0700

[supervisord]
identifier=swf-console
directory=%(here)s
logfile=%(here)s/{STATE}/logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=2
pidfile=%(here)s/{STATE}/supervisord.pid
umask=077
childlogdir=%(here)s/{STATE}/logs

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://%(here)s/{STATE}/{SOCKET}

[include]
files={STATE}/supervision/*.conf
"""


def socket_of(text: str) -> str | None:
    """The socket that a configuration of supervisord names."""
    found = SOCKET_LINE.search(text)
    return found[1] if found else None


def is_foreign(home: Path) -> bool:
    """Whether the home has an agents.supervisord.conf that was not made for this console.

    One that names our package and another socket is ours and wrong: it is refused where supervisord starts.
    """
    try:
        text = (home / CONFIGURATION).read_text()
    except (OSError, UnicodeDecodeError):
        return False
    return socket_of(text) not in (None, OWN_SOCKET) and OWN_PACKAGE not in text


def configuration_text(home: Path) -> str:
    """The configuration that supervisord runs from. Raises OSError or UnicodeDecodeError."""
    return service_configuration() if is_foreign(home) else (home / CONFIGURATION).read_text()


def service_configuration() -> str:
    """A configuration with the services of this package, and the programs that configurations declare."""
    sections = [HEAD]
    for name, (command, own) in SERVICES.items():
        lines = {
            "command": f"python -m swf_console.launch -m swf_console {command}",
            "directory": "%(here)s",
            **DEFAULTS,
            **own,
            "stdout_logfile": f"%(here)s/{STATE}/logs/%(program_name)s.log",
        }
        sections.append(
            "\n".join([f"[program:{name}]", *(f"{key}={value}" for key, value in lines.items()), ""])
        )
    return "\n".join(sections)
