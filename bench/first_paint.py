"""From exec to the console's first paint, and to its overview filled, beside a minimal Textual app."""

import sys

from .console import OPEN, READY
from .harness import Row, at_most, interleaved, median
from .stage import CONSOLE, Stage
from .terminal import Terminal

TITLE = "From exec to paint, 160x50, embedded defaults; the control is a minimal Textual app"
FILLED = "No execution is running"
MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self): yield Static("quit")
Minimal().run()
"""


def rows(stage: Stage) -> list[Row]:
    """The shell with its keys, and the overview with what the backends said."""
    with stage.embedded_home() as home:

        def paint(words: list[str], text: str) -> float:
            with Terminal(words, cwd=home.path, env=home.environ) as terminal:
                return terminal.wait_for(text) - terminal.began

        console = [str(CONSOLE), *OPEN]
        taken = interleaved(
            stage.amount(11, 3),
            {
                "minimal": lambda: paint([sys.executable, "-c", MINIMAL], READY),
                "console": lambda: paint(console, READY),
                "overview": lambda: paint(console, FILLED),
            },
        )
    minimal, first, filled = (median(taken[name]) for name in ("minimal", "console", "overview"))
    return [
        at_most("first useful paint", first, minimal, 1.3, "s"),
        at_most("the overview filled", filled, minimal, 2.0, "s"),
    ]
