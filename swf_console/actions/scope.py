"""The keys of what can have the focus: tables, lists, texts, logs, and what is opened from a list."""

from collections.abc import Iterator, Mapping

from .registry import Action, keyed

TABLE: tuple[Action, ...] = (
    keyed("table", "move(1)", "j down", "down", "one row down"),
    keyed("table", "move(-1)", "k up", "up", "one row up"),
    keyed("table", "page(1)", "pagedown ctrl+d", "page down", "one page down"),
    keyed("table", "page(-1)", "pageup ctrl+u", "page up", "one page up"),
    keyed("table", "first", "g home", "first", "to the first row"),
    keyed("table", "last", "G end", "last", "to the last row, at once"),
    keyed("table", "open", "enter", "open", "open the row"),
    keyed("table", "mark", "space", "mark", "mark the row, or take its mark away"),
    keyed("table", "next_match(1)", "n", "next match", "to the next row that has what is looked for"),
    keyed("table", "next_match(-1)", "N", "previous match", "to the one before"),
)
LINES: tuple[Action, ...] = (
    keyed("lines", "step(1)", "j down", "down", "one line down"),
    keyed("lines", "step(-1)", "k up", "up", "one line up"),
    keyed("lines", "edge(False)", "g home", "first", "to the beginning"),
    keyed("lines", "edge(True)", "G end", "last", "to the end"),
    keyed("lines", "leaf(1)", "pagedown ctrl+f", "page down", "one page down"),
    keyed("lines", "leaf(-1)", "pageup ctrl+b", "page up", "one page up"),
)
LIST: tuple[Action, ...] = (
    keyed("list", "mark", "space", "mark", "mark the row, where several can be marked"),
    keyed("list", "choose", "enter", "open", "open or change what is under the cursor"),
)
CODE: tuple[Action, ...] = (
    keyed("code", "sideways(-1)", "less_than_sign shift+left", "to the left", "the beginning of long lines"),
    keyed("code", "sideways(1)", "greater_than_sign shift+right", "to the right", "the rest of long lines"),
)
LOG: tuple[Action, ...] = (keyed("log", "follow", "f", "follow", "go to the end and stay there", shown=True),)
TAIL: tuple[Action, ...] = (
    keyed("tail", "step(1)", "j down", "down", "one message on"),
    keyed("tail", "step(-1)", "k up", "up", "one message back; this pauses"),
    keyed("tail", "first", "g home", "first", "to the oldest; what is older comes from the database"),
    keyed("tail", "last", "G end", "last", "to the newest, and follow"),
    keyed("tail", "leaf(1)", "pagedown ctrl+f", "page down", "one page on"),
    keyed("tail", "leaf(-1)", "pageup ctrl+b", "page up", "one page back"),
    keyed("tail", "choose", "enter", "open", "the message under the cursor, whole"),
)
TEXT: tuple[Action, ...] = (
    keyed("text", "scroll_down", "j", "down", "one line down"),
    keyed("text", "scroll_up", "k", "up", "one line up"),
    keyed("text", "scroll_home", "g", "first", "to the beginning"),
    keyed("text", "scroll_end", "G", "last", "to the end"),
)
ENTRY: tuple[Action, ...] = (keyed("entry", "leave", "escape", "leave it", "leave everything as it was"),)
EXECUTION: tuple[Action, ...] = (
    keyed("execution", "section(1)", "right l tab", "section", "the next section", shown=True),
    keyed("execution", "section(-1)", "left h shift+tab", "section before", "the section before"),
    keyed("execution", "kind", "t", "type", "messages: only those of the next type", shown=True),
)
DEFINITION: tuple[Action, ...] = (
    keyed("definition", "section(1)", "right l tab", "section", "the next section", shown=True),
    keyed("definition", "section(-1)", "left h shift+tab", "section before", "the section before"),
)
REPLAY: tuple[Action, ...] = (
    keyed("replay", "play", "space", "play", "play and pause", shown=True),
    keyed("replay", "faster(2)", "plus greater_than_sign", "faster", "twice as fast", shown=True),
    keyed("replay", "faster(0.5)", "minus less_than_sign", "slower", "half as fast", shown=True),
    keyed("replay", "step(1)", "right l", "next event", "to the next event", shown=True),
    keyed("replay", "step(-1)", "left h", "event before", "to the event before"),
    keyed("replay", "seek(0)", "home", "begin", "to the beginning"),
    keyed("replay", "seek(1)", "end", "end", "to the end"),
)

OF_PARTS: tuple[Action, ...] = (
    TABLE + LINES + LIST + CODE + LOG + TAIL + TEXT + ENTRY + EXECUTION + DEFINITION + REPLAY
)


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
