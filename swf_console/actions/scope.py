"""Focus scopes: the parts of the console that have their own keys, and which scope can be inside which."""

from collections.abc import Iterator, Mapping

from .screens import BY_SCREEN

# titles, for help, of the scopes that are not screens
SCOPE_TITLES: Mapping[str, str] = {
    "launch": "Launch form",
    "doctor": "Doctor",
    "help": "Help",
    "dialog": "Dialog",
    "confirm": "Confirmation",
    "quitting": "Quit dialog",
    "palette": "Command palette",
    "picker": "Namespace picker",
    "table": "Table",
    "lines": "Navigation",
    "list": "List",
    "code": "Long lines",
    "log": "Log",
    "tail": "Message list",
    "text": "Text",
    "entry": "Text input",
    "execution": "Execution",
    "definition": "Definition",
    "replay": "Replay",
}

_IN_SCREENS = {screen.name: screen.contains for screen in BY_SCREEN}

# the scopes that can have the focus inside a scope, at any depth
CONTAINS: Mapping[str, tuple[str, ...]] = {
    "everywhere": tuple(dict.fromkeys(" ".join((*_IN_SCREENS, *_IN_SCREENS.values())).split())),
    **{
        scope: tuple(inside.split())
        for scope, inside in {
            **_IN_SCREENS,
            "execution": "table entry text lines code",
            "replay": "lines",
            "definition": "table lines code",
            "lines": "list log code",
            "launch": "list lines entry",
            "doctor": "list lines",
            "dialog": "help confirm quitting palette picker",
        }.items()
    },
}

# scopes in which a letter is text
TEXT_SCOPES: tuple[str, ...] = ("entry", "dialog", "palette", "picker")


def hidden_by(scope: str) -> Iterator[str]:
    """The scopes around `scope`: their keys do not work where `scope` has the same ones."""
    return (outer for outer, inside in CONTAINS.items() if scope in inside)
