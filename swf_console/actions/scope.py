"""Scopes: where keys work. The nearest to the focus counts; what can be inside what stands here."""

from collections.abc import Iterator, Mapping

from .screens import SCREENS

# the scopes that are no screens, as help calls them
SCOPE_TITLES: Mapping[str, str] = {
    "launch": "The launch form",
    "doctor": "The doctor",
    "help": "Help",
    "dialog": "A dialog",
    "confirm": "A question about many",
    "quitting": "Leaving",
    "palette": "The palette",
    "picker": "The namespace picker",
    "table": "The table",
    "lines": "Moving",
    "list": "The list",
    "code": "Long lines",
    "log": "The log",
    "tail": "The tail",
    "text": "The text",
    "entry": "What is typed",
    "execution": "An execution",
    "definition": "A definition",
    "replay": "A replay",
}

_IN_SCREENS = {screen.name: screen.contains for screen in SCREENS}

# what can have the focus in a scope, however deep
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

# where one letter is a letter of what is being typed
TEXT_SCOPES: tuple[str, ...] = ("entry", "dialog", "palette", "picker")


def hidden_by(scope: str) -> Iterator[str]:
    """The scopes whose keys do nothing where `scope` has the same ones."""
    return (outer for outer, inside in CONTAINS.items() if scope in inside)
