"""`python -m swf_console.launch WHAT`: what agents.supervisord.conf runs in place of a program."""

from .backend.supervisor.launcher import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
