"""What a terminal can show, as far as its environment says so."""

from collections.abc import Mapping

from .preferences import AUTO, Preferences

RICH_TERMINALS = ("256color", "direct", "kitty", "alacritty", "ghostty", "wezterm", "foot", "contour")
TRUE_COLOUR = {"truecolor", "24bit"}
LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


def theme_of(preferences: Preferences, environ: Mapping[str, str]) -> str:
    """The theme to begin with: as the settings say, else one that the terminal has the colours for."""
    if preferences.theme != AUTO:
        return preferences.theme
    return "dark" if has_many_colours(environ) else "16-colour"


def symbols_of(preferences: Preferences, environ: Mapping[str, str]) -> str:
    """The set of signs: as the settings say, else one that the terminal's encoding has."""
    if preferences.symbols != AUTO:
        return preferences.symbols
    return "unicode" if is_utf8(environ) else "ascii"


def has_many_colours(environ: Mapping[str, str]) -> bool:
    """Whether it shows 256 colours or more. The consoles of Linux, xterm-16color and the like do not."""
    said = (environ.get("COLORTERM", ""), environ.get("TEXTUAL_COLOR_SYSTEM", ""))
    if TRUE_COLOUR.intersection(each.lower() for each in said):
        return True
    return any(word in environ.get("TERM", "") for word in RICH_TERMINALS)


def is_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale is UTF-8; where none is set it is taken for that, as Python does."""
    if environ.get("TERM") == "linux":
        return False
    named = next((environ[name] for name in LOCALE if environ.get(name)), "")
    return not named or "utf" in named.lower()
