"""What the terminal can show, according to its environment."""

from collections.abc import Mapping

from .preferences import AUTO, Preferences

RICH_TERMINALS = ("256color", "direct", "kitty", "alacritty", "ghostty", "wezterm", "foot", "contour")
TRUE_COLOUR = {"truecolor", "24bit"}
LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


def theme_of(preferences: Preferences, environ: Mapping[str, str]) -> str:
    """The theme: that of the settings, else one for the terminal's colours."""
    if preferences.theme != AUTO:
        return preferences.theme
    return "dark" if has_many_colours(environ) else "16-colour"


def symbols_of(preferences: Preferences, environ: Mapping[str, str]) -> str:
    """The set of symbols: that of the settings, else one for the terminal's encoding."""
    if preferences.symbols != AUTO:
        return preferences.symbols
    return "unicode" if is_utf8(environ) else "ascii"


def has_many_colours(environ: Mapping[str, str]) -> bool:
    """Whether it shows 256 colours or more; the Linux console and xterm-16color do not."""
    declared = (environ.get("COLORTERM", ""), environ.get("TEXTUAL_COLOR_SYSTEM", ""))
    if TRUE_COLOUR.intersection(each.lower() for each in declared):
        return True
    return any(word in environ.get("TERM", "") for word in RICH_TERMINALS)


def is_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale is UTF-8; without one UTF-8 is assumed, as Python does."""
    if environ.get("TERM") == "linux":
        return False
    named = next((environ[name] for name in LOCALE if environ.get(name)), "")
    return not named or "utf" in named.lower()
