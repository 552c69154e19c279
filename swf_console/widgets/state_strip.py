"""The DAQ states of a run on one line, the current one marked; and progress bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from .semantic_colors import Part, SemanticColor
from .symbols import symbol

IDLE_STATES = {"no_beam", "off"}


@dataclass(frozen=True, slots=True)
class PassedState:
    """A state that a run was in. `seconds` is its duration so far, if known."""

    state: str
    substate: str = ""
    seconds: float | None = None

    @property
    def name(self) -> str:
        """State and substate in one word."""
        return f"{self.state}/{self.substate}" if self.substate else self.state


def state_parts(passed: Sequence[PassedState], width: int, *, ended: bool = False) -> list[Part]:
    """The states in order; the earliest are left out if not all fit."""
    shown: list[Part] = []
    available = width
    for n, one in enumerate(reversed(passed)):
        is_present = n == 0 and not ended
        text = f"{symbol('present')}{one.name}" if is_present else one.name
        text = text if n == 0 else f"{text} {symbol('arrow')} "
        if len(text) > available - (2 if n + 1 < len(passed) else 0):
            return (
                [(f"{symbol('cut')} ", "unknown"), *reversed(shown)] if shown else [(text[:width], "plain")]
            )
        available -= len(text)
        shown.append((text, _color(one, present=is_present)))
    return list(reversed(shown))


def progress_bar(done: float, width: int) -> list[Part]:
    """A bar of `width` cells; `done` is between 0 and 1."""
    filled = round(max(0.0, min(1.0, done)) * width)
    return [(symbol("fill ok") * filled, "busy"), (symbol("fill off") * (width - filled), "unknown")]


def _color(one: PassedState, *, present: bool) -> SemanticColor:
    if not present:
        return "unknown"
    if one.state == "run" and one.substate == "physics":
        return "ok"
    return "plain" if one.state in IDLE_STATES else "busy"
