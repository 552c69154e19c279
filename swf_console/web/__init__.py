"""The console in a browser: each tab is a process of its own, and what it paints travels over a websocket."""

import os

DRIVER = "swf_console.web.driver:TabDriver"


def in_a_browser() -> bool:
    """Whether this process paints for a tab."""
    return os.environ.get("TEXTUAL_DRIVER") == DRIVER
