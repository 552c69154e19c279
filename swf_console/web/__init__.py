"""The console in a browser: one process for each tab, its screen sent over a websocket."""

import os

DRIVER = "swf_console.web.driver:TabDriver"


def in_a_browser() -> bool:
    """Whether this process is the console of a browser tab."""
    return os.environ.get("TEXTUAL_DRIVER") == DRIVER
