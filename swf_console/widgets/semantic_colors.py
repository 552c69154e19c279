"""Colours by meaning. A colour never stands alone: a symbol and a word say the same."""

from typing import Literal

SemanticColor = Literal["plain", "ok", "busy", "watch", "bad", "off", "unknown"]
# a piece of a line with its colour
Part = tuple[str, SemanticColor]

# as styles of Textual's Content, in colours of the theme
STYLES: dict[SemanticColor, str] = {
    "plain": "",
    "ok": "$text-success",
    "busy": "$text-accent",
    "watch": "$text-warning",
    "bad": "$text-error",
    "off": "dim",
    "unknown": "$text-muted",
}
