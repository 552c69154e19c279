"""The meaning of colours. A colour never stands alone: a symbol and a word say the same."""

from typing import Literal

SemanticColor = Literal["plain", "ok", "busy", "watch", "bad", "off", "unknown"]
# a piece of a line, and what it means
Part = tuple[str, SemanticColor]

# colours of the theme, as styles of Textual's Content
STYLES: dict[SemanticColor, str] = {
    "plain": "",
    "ok": "$text-success",
    "busy": "$text-accent",
    "watch": "$text-warning",
    "bad": "$text-error",
    "off": "dim",
    "unknown": "$text-muted",
}
