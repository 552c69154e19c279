"""The meaning of colours. A tone never stands alone: a symbol and a word say the same."""

from typing import Literal

Tone = Literal["plain", "ok", "busy", "watch", "bad", "off", "unknown"]

# colours of the theme, as styles of Textual's Content
COLOURS: dict[Tone, str] = {
    "plain": "",
    "ok": "$text-success",
    "busy": "$text-accent",
    "watch": "$text-warning",
    "bad": "$text-error",
    "off": "dim",
    "unknown": "$text-muted",
}
