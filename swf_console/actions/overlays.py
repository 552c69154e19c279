"""Actions of what is shown over the screens: the launch form, the doctor, help, dialogs."""

from .action import Tier, hidden, in_scope, shown

LAUNCH = in_scope(
    "launch",
    shown(
        "start",
        "s",
        "start",
        "start the run",
        "--run stf_datataking --namespace demo",
        Tier.REVERSIBLE,
        asks=False,
    ),
    shown(
        "start_missing",
        "A",
        "start agents",
        "start the agents that the run needs",
        "up",
        Tier.REVERSIBLE,
        asks=False,
    ),
    shown("where", "w", "where", "here in this console, or on the persistent runner"),
    shown("pace", "p", "pace", "realtime, or as fast as possible"),
    shown("reset", "backspace delete", "reset", "take the override away"),
    shown("back", "escape", "close", "out of what is typed or chosen; else close"),
    hidden("app.focus_next", "tab", "next part", "to what is below the list or beside it, and back"),
    shown("app.help", "question_mark", "help", "what can be done here"),
)

DOCTOR = in_scope(
    "doctor",
    shown("again", "u", "again", "check everything once more", "doctor"),
    shown("copy", "y", "copy", "copy what to do about the check under the cursor"),
    shown("close", "escape q exclamation_mark", "close", "back to the screen"),
    hidden("app.focus_next", "tab", "next part", "to what is below the list or beside it, and back"),
    shown("app.help", "question_mark", "help", "what can be done here"),
)

HELP = in_scope(
    "help",
    hidden("scroll(1)", "j down", "down", "one line down"),
    hidden("scroll(-1)", "k up", "up", "one line up"),
    hidden("edge(False)", "g home", "first", "to the beginning"),
    hidden("edge(True)", "G end", "last", "to the end"),
    hidden("leaf(1)", "pagedown", "page down", "one page down"),
    hidden("leaf(-1)", "pageup", "page up", "one page up"),
    hidden("palette", "colon", "find", "find an action by its name"),
    hidden("leave", "question_mark q", "close", "back to where it was asked"),
)

DIALOG = in_scope(
    "dialog",
    hidden("leave", "escape", "back", "nothing is done"),
)

CONFIRM = in_scope(
    "confirm",
    hidden("yes", "y", "yes", "all that is listed"),
    hidden("leave", "n enter", "no", "nothing is done"),
)

QUITTING = in_scope(
    "quitting",
    hidden("go", "y", "leave", "leave, and end what runs in this console"),
    hidden("go_if_nothing_ends", "q enter", "leave unless", "leave, unless something would end"),
    hidden("leave", "n", "stay", "stay"),
)

PALETTE = in_scope(
    "palette",
    hidden("choose(-1)", "up", "up", "the action above; the past where nothing is typed"),
    hidden("choose(1)", "down", "down", "the action below"),
)

PICKER = in_scope(
    "picker",
    hidden("choose(-1)", "up", "up", "the namespace above"),
    hidden("choose(1)", "down", "down", "the namespace below"),
)

OVERLAY_ACTIONS = LAUNCH + DOCTOR + HELP + DIALOG + CONFIRM + QUITTING + PALETTE + PICKER
