"""Symbols for what colours mean, in Unicode and in ASCII."""

_UNICODE = {
    "ok": "●",
    "busy": "◐",
    "watch": "▲",
    "bad": "✖",
    "off": "○",
    "unknown": "·",
    "plain": " ",
    "rule": "─",
    "cursor": "▌",
    "done": "≡",
    "spark": "▁▂▃▄▅▆▇█",
    "track": "│",
    "thumb": "┃",
    "arrow": "→",
    "cut": "…",
    "descending": "▾",
    "ascending": "▴",
    "fill ok": "█",
    "fill busy": "▓",
    "fill off": "░",
    "fill": "▒",
    "present": "▶",
    "mark": "▐",
    "here": "▲",
}
_ASCII = {
    "ok": "*",
    "busy": "~",
    "watch": "!",
    "bad": "X",
    "off": "o",
    "unknown": ".",
    "plain": " ",
    "rule": "-",
    "cursor": ">",
    "done": "=",
    "spark": "_.-=+*%#",
    "track": "|",
    "thumb": "#",
    "arrow": "->",
    "cut": "~",
    "descending": "v",
    "ascending": "^",
    "fill ok": "#",
    "fill busy": "=",
    "fill off": ".",
    "fill": "-",
    "present": ">",
    "mark": "#",
    "here": "^",
}
_SETS = {"unicode": _UNICODE, "ascii": _ASCII}
_used = dict(_UNICODE)


def use_symbols(name: str) -> None:
    """Use the `unicode` or the `ascii` set from now on."""
    _used.update(_SETS[name])


def symbol(name: str) -> str:
    """The symbol of that meaning."""
    return _used[name]


def sparkline(values: list[int], width: int) -> str:
    """The last `width` values as bars, scaled to the highest one; zeros are low bars."""
    shown = values[-width:]
    bars, most = symbol("spark"), max(shown, default=0)
    if most == 0:
        return bars[0] * len(shown)
    return "".join(bars[min(len(bars) - 1, value * len(bars) // (most + 1))] for value in shown)
