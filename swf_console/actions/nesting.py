"""Which place lies in which: of a key that both have, the one that lies inside is pressed."""

from collections.abc import Iterator, Mapping

_IN_PANES = {
    "overview": "list lines",
    "agents": "list log lines entry",
    "messages": "tail entry",
    "executions": "table entry execution replay text lines code",
    "definitions": "table entry definition lines code",
    "namespaces": "list lines entry",
    "fast_processing": "list lines entry",
    "journal": "list lines entry",
}

# what can have the focus in a place, however deep
HOLDS: Mapping[str, tuple[str, ...]] = {
    "everywhere": tuple(dict.fromkeys(" ".join((*_IN_PANES, *_IN_PANES.values())).split())),
    **{
        place: tuple(inside.split())
        for place, inside in {
            **_IN_PANES,
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
TYPED: tuple[str, ...] = ("entry", "dialog", "palette", "picker")


def hidden_by(place: str) -> Iterator[str]:
    """The places whose keys do nothing where `place` has the same ones."""
    return (outer for outer, inside in HOLDS.items() if place in inside)
