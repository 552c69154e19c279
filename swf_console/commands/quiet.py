"""Commands that say themselves what happens to a backend."""

import logging


def keep_logs_off_the_screen() -> None:
    """Let no warning of a background thread come between the lines of a command."""
    logging.getLogger("swf_console").addHandler(logging.NullHandler())
