"""Actions of the widgets that take the focus on any screen: tables, lists, texts, logs."""

from .action import hidden, in_scope, shown

TABLE = in_scope(
    "table",
    hidden("move(1)", "j down", "down", "move one row down"),
    hidden("move(-1)", "k up", "up", "move one row up"),
    hidden("page(1)", "pagedown ctrl+d", "page down", "move one page down"),
    hidden("page(-1)", "pageup ctrl+u", "page up", "move one page up"),
    hidden("first", "g home", "first", "go to the first row"),
    hidden("last", "G end", "last", "go to the last row"),
    hidden("open", "enter", "open", "open the row"),
    hidden("mark", "space", "mark", "mark or unmark the row"),
    hidden("next_match(1)", "n", "next match", "go to the next match of the search"),
    hidden("next_match(-1)", "N", "previous match", "go to the previous match of the search"),
)

LINES = in_scope(
    "lines",
    hidden("step(1)", "j down", "down", "scroll one line down"),
    hidden("step(-1)", "k up", "up", "scroll one line up"),
    hidden("edge(False)", "g home", "first", "go to the start"),
    hidden("edge(True)", "G end", "last", "go to the end"),
    hidden("page(1)", "pagedown ctrl+f", "page down", "scroll one page down"),
    hidden("page(-1)", "pageup ctrl+b", "page up", "scroll one page up"),
)

LIST = in_scope(
    "list",
    hidden("mark", "space", "mark", "mark or unmark the row, where rows can be marked"),
    hidden("choose", "enter", "open", "open or edit the item under the cursor"),
)

CODE = in_scope(
    "code",
    hidden(
        "sideways(-1)", "less_than_sign shift+left", "scroll left", "scroll to the start of long lines"
    )._replace(word="to_the_left"),
    hidden(
        "sideways(1)", "greater_than_sign shift+right", "scroll right", "scroll to the rest of long lines"
    )._replace(word="to_the_right"),
)

LOG = in_scope(
    "log",
    shown("follow", "f", "follow", "go to the end and follow"),
)

TAIL = in_scope(
    "tail",
    hidden("step(1)", "j down", "down", "move one message down"),
    hidden("step(-1)", "k up", "up", "move one message up; pauses"),
    hidden("first", "g home", "first", "go to the oldest message; loads history from the database"),
    hidden("last", "G end", "last", "go to the newest message and follow"),
    hidden("page(1)", "pagedown ctrl+f", "page down", "move one page down"),
    hidden("page(-1)", "pageup ctrl+b", "page up", "move one page up"),
    hidden("choose", "enter", "open", "show the complete message under the cursor"),
)

TEXT = in_scope(
    "text",
    hidden("scroll_down", "j", "down", "scroll one line down"),
    hidden("scroll_up", "k", "up", "scroll one line up"),
    hidden("scroll_home", "g", "first", "go to the start"),
    hidden("scroll_end", "G", "last", "go to the end"),
)

ENTRY = in_scope(
    "entry",
    hidden("leave", "escape", "cancel", "cancel and keep the old value"),
)

WIDGET_ACTIONS = TABLE + LINES + LIST + CODE + LOG + TAIL + TEXT + ENTRY
