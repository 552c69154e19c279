"""Actions of the widgets that take the focus on any screen: tables, lists, texts, logs."""

from .action import hidden, in_scope, shown

TABLE = in_scope(
    "table",
    hidden("move(1)", "j down", "down", "one row down"),
    hidden("move(-1)", "k up", "up", "one row up"),
    hidden("page(1)", "pagedown ctrl+d", "page down", "one page down"),
    hidden("page(-1)", "pageup ctrl+u", "page up", "one page up"),
    hidden("first", "g home", "first", "to the first row"),
    hidden("last", "G end", "last", "to the last row, at once"),
    hidden("open", "enter", "open", "open the row"),
    hidden("mark", "space", "mark", "mark the row, or take its mark away"),
    hidden("next_match(1)", "n", "next match", "to the next row that has what is looked for"),
    hidden("next_match(-1)", "N", "previous match", "to the one before"),
)

LINES = in_scope(
    "lines",
    hidden("step(1)", "j down", "down", "one line down"),
    hidden("step(-1)", "k up", "up", "one line up"),
    hidden("edge(False)", "g home", "first", "to the beginning"),
    hidden("edge(True)", "G end", "last", "to the end"),
    hidden("leaf(1)", "pagedown ctrl+f", "page down", "one page down"),
    hidden("leaf(-1)", "pageup ctrl+b", "page up", "one page up"),
)

LIST = in_scope(
    "list",
    hidden("mark", "space", "mark", "mark the row, where several can be marked"),
    hidden("choose", "enter", "open", "open or change what is under the cursor"),
)

CODE = in_scope(
    "code",
    hidden("sideways(-1)", "less_than_sign shift+left", "to the left", "the beginning of long lines"),
    hidden("sideways(1)", "greater_than_sign shift+right", "to the right", "the rest of long lines"),
)

LOG = in_scope(
    "log",
    shown("follow", "f", "follow", "go to the end and stay there"),
)

TAIL = in_scope(
    "tail",
    hidden("step(1)", "j down", "down", "one message on"),
    hidden("step(-1)", "k up", "up", "one message back; this pauses"),
    hidden("first", "g home", "first", "to the oldest; what is older comes from the database"),
    hidden("last", "G end", "last", "to the newest, and follow"),
    hidden("leaf(1)", "pagedown ctrl+f", "page down", "one page on"),
    hidden("leaf(-1)", "pageup ctrl+b", "page up", "one page back"),
    hidden("choose", "enter", "open", "the message under the cursor, whole"),
)

TEXT = in_scope(
    "text",
    hidden("scroll_down", "j", "down", "one line down"),
    hidden("scroll_up", "k", "up", "one line up"),
    hidden("scroll_home", "g", "first", "to the beginning"),
    hidden("scroll_end", "G", "last", "to the end"),
)

ENTRY = in_scope(
    "entry",
    hidden("leave", "escape", "leave it", "leave everything as it was"),
)

WIDGET_ACTIONS = TABLE + LINES + LIST + CODE + LOG + TAIL + TEXT + ENTRY
