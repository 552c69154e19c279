"""The themes."""

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="dark",
    primary="#7cb7ff",
    secondary="#8fa3bf",
    accent="#4fd6e8",
    success="#6bd48a",
    warning="#f0c75e",
    error="#ff6b6b",
    foreground="#d7dde8",
    background="#0d1117",
    surface="#131a24",
    panel="#1b2431",
    dark=True,
    variables={"text-muted": "#8a96a8"},
)
LIGHT = Theme(
    name="light",
    primary="#0b5cad",
    secondary="#51607a",
    accent="#00707f",
    success="#1a7f37",
    warning="#8a5a00",
    error="#c1121f",
    foreground="#1c2430",
    background="#fbfcfe",
    surface="#f1f4f8",
    panel="#e3e9f1",
    dark=False,
    variables={"text-muted": "#5d6878"},
)
# the palette of Okabe and Ito, safe for colour-blind users
COLOUR_BLIND = Theme(
    name="colour-blind",
    primary="#e8e8e8",
    secondary="#999999",
    accent="#56b4e9",
    success="#009e73",
    warning="#f0e442",
    error="#d55e00",
    foreground="#e0e0e0",
    background="#101010",
    surface="#181818",
    panel="#262626",
    dark=True,
    variables={"text-muted": "#9a9a9a"},
)
# the terminal's own sixteen colours
SIXTEEN = replace(
    BUILTIN_THEMES["ansi-dark"],
    name="16-colour",
    primary="ansi_bright_blue",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    error="ansi_bright_red",
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,
        "text-muted": "ansi_white",
        "primary-muted": "ansi_blue",
        "surface-lighten-1": "ansi_bright_black",
        "surface-lighten-2": "ansi_bright_black",
        "input-cursor-text-style": "reverse",
    },
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT, COLOUR_BLIND, SIXTEEN)}
